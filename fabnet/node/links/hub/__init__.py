"""Reaching whoever cannot be dialled: forwarding, mailboxes, and pinned files."""
