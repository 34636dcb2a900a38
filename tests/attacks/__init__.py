"""Attacks through the real screens, races, and two worlds that a person must not be able to tell apart."""
