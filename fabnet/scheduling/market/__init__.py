"""A wave as a market: rows bid for slots, and prices prove how good the outcome is."""
