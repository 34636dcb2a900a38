"""Tests, in the order of the packages; `make.py` makes valid things."""
