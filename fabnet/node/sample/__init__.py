"""A throw-away node that serves plain folders, for whoever tries their own client."""
