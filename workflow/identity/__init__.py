"""Who somebody is here: accounts, signing in, what proves a person, and who stands in for whom."""
