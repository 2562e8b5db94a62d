"""What can be made, and on what terms."""
