enum QuiverJSONPlaceholder {}
