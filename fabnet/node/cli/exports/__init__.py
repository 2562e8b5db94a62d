"""Commands that print, or write what other programs read."""
