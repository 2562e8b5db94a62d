"""Sneakernet: records and files on a stick, as they would come over a link."""
