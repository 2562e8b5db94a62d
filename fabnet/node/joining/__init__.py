"""How one node is led to another: an invitation, and the configuration it changes."""
