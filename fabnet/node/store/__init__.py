"""Records and state in SQLite, files by digest."""
