"""Where each vehicle is: odometry, range, pictures and depth matched to what is known of the ground."""
