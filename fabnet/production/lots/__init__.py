"""The hand-off of a lot: the requester's end, the facility's, and what they lost."""
