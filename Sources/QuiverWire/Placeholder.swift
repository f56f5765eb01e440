enum QuiverWirePlaceholder {}
