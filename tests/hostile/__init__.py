"""Everything that a stranger may send, bent in one named way, and the reason given."""
