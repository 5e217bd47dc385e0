"""What every node shares: parameters, QoS, conversion, transforms, lock-step and the process's main loop."""
