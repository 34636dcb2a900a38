"""Finding cases by words, and reports that are alike."""
