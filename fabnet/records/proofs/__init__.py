"""What two signed things prove that no honest author signs both of."""
