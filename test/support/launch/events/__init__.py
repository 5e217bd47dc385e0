"""Stand-in for `launch.events`."""
