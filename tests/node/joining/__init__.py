"""One node is led to another by a line, and let in by its federation."""
