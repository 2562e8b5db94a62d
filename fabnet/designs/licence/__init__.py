"""What a licence says, whom it lets do what, and what it asks in return."""
