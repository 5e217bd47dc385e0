"""Mapping: posed pictures -> depth -> elevation and orthomosaic with their uncertainty."""
