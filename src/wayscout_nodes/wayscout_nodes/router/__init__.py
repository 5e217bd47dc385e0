"""Keeps the orbital map and the tiles, and answers which channel to climb."""
