"""The cheapest slots for a row, exactly, without looking at all of them."""
