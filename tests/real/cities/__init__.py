"""Five real nodes, each in its own network, under faults drawn from a seed."""
