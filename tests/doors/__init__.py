"""Doors: who may what, through every route; and what nobody may see who may not."""
