"""The trail: what it is made of, and how it is searched."""
