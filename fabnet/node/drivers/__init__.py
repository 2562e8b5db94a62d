"""Machines behind one interface."""
