"""Chosen cases made into one book: a Word file and a PDF/A, from the same `Book`."""
