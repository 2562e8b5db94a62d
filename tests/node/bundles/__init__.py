"""Sneakernet: a stick says the same as a link, and is believed no more."""
