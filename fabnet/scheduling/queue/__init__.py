"""Sequences of lots on machines: made, improved, and held against a bound."""
