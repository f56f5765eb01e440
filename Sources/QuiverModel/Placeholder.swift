enum QuiverModelPlaceholder {}
