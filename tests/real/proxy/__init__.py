"""Nodes behind the proxies that deploy/ has configurations for."""
