"""The mission: a behaviour tree over the actions of the other nodes, its records and its progress line."""
