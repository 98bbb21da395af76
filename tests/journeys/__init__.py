"""Whole stories through the whole engine: as told, told three times over, and told out of order."""
