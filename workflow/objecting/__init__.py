"""Lists of chosen cases in public, and what is objected to them."""
