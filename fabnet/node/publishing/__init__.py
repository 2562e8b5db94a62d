"""From a folder on this computer to a design that a node has published."""
