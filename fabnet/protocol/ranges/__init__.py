"""Ranges of items: sums that tell two apart, and how they are said."""
