"""What ties Wayscout together: set-up, the node table, the process launcher and the command line."""
