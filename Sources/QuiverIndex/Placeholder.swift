enum QuiverIndexPlaceholder {}
