"""What a stick is filled from, and what it is emptied into."""
