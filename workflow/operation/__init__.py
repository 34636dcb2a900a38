"""Keeping an installation running: putting it in place, watching it, backing it up, holding its trail against what others saw."""
