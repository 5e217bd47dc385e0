"""Latches what is known of a world before the flight."""
