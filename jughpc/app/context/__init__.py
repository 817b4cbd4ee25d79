"""Which jugfile and store a command means, opened: what all use cases stand on."""
