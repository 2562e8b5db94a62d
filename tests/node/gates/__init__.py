"""What stands before the public port, and what the port believes of it."""
