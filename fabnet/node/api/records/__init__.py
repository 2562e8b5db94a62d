"""What of the records kept here may go."""
