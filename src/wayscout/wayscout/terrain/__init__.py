"""Terrain: elevation and orthomosaic -> slope, step, roughness, rocks and sand."""
