"""Nodes that nobody can dial, their hubs, and what hubs do not do."""
