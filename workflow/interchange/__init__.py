"""What leaves the house in other people's formats."""
