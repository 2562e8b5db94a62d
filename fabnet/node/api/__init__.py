"""HTTP for people and their tools."""
