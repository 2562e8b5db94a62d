"""What waits for a person: doubts at either end of a lot, and what people sign."""
