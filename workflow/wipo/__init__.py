"""Cases on their way abroad: English, pushes, passports, and the board of all of them."""
