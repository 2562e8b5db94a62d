"""The wire: files, links, and what both cost."""
