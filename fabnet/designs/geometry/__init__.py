"""What the files of a design say of its size, and what that lets us estimate."""
