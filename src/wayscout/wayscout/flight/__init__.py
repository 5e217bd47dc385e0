"""Flying: plans, their price, guidance along them, landing sites and the log."""
