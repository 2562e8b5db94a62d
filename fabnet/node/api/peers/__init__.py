"""The other nodes: who is linked, how they stand with us, and whom we block."""
