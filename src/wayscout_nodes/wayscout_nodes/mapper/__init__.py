"""The mapper: pictures and where they were taken -> terrain tiles, hazards, and layers for viewers."""
