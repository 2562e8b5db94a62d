"""Fab City peer network: cooperatives share designs, machines and work."""

VERSION = "0.1.0"
