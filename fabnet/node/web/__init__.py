"""Plain pages, usable without JavaScript."""
