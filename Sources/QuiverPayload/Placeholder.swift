enum QuiverPayloadPlaceholder {}
