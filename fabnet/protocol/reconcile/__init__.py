"""Meetings: two peers find out what each lacks without listing what both have."""
