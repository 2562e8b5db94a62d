"""Commands that carry a node's records elsewhere, and lead others to it."""
