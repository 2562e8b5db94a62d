"""The hand-off, in every order that the world allows: an explicit-state checker."""
