"""The helicopter's node: flies a plan, one goal at a time."""
