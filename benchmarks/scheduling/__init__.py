"""How fast and how near the optimum the planner is."""
