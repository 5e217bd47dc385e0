"""ROS 2 nodes of Wayscout: parameters, QoS and conversion around the brain."""
