enum QuiverPlaceholder {}
