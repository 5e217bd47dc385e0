"""Driving: steering, path tracking, settled poses, slip, hazards seen from the ground, detours."""
