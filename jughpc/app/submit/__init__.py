"""Queue a jugfile's jobs, wait for them, hand on what they leave, end them."""
