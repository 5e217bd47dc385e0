"""The rover's node: drives a path, one goal at a time, and obeys stop, pause and teleoperation."""
