"""Frozen data: everything the rooms say to each other, and all that charts may see."""
