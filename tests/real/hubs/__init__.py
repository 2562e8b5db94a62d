"""Nodes that nobody can dial, and their hubs."""
