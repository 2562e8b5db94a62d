"""Cities that each plan on their own view, and facilities elsewhere that may refuse."""
