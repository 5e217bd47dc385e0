"""Owns map -> rover/odom and map -> helicopter/odom."""
