"""Where each vehicle is in the map: odometry, range, pictures and depth matched to what is known of the ground."""
