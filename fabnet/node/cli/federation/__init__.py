"""Founding a federation, and letting members in: what its stewards sign in turn."""
