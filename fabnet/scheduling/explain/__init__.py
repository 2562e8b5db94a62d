"""Why this machine, why not the others, and what would change it."""
