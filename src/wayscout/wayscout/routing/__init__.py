"""Routing: search over cost, risk along a path, comparison of channels, where to look next."""
