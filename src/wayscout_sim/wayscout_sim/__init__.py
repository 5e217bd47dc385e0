"""The embedded simulator: MuJoCo physics and cameras behind the same topics as Gazebo."""
