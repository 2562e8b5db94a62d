"""What is asked of plans: why a machine was chosen, and how plans lie in time."""
