enum QuiverLMDBPlaceholder {}
