"""Makes it happen and writes it down."""
