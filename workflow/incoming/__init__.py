"""What comes in: by a screen, by mail, on paper; read, matched, and made into drafts and papers."""
