"""Plans: made in a thread, and remembered for those who ask why."""
