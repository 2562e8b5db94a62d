"""The public port: authenticated links to other peers."""
