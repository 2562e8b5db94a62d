"""Whose records we keep, in which order, and up to where each author's log counts."""
