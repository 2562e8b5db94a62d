"""What each route does: one question to the store, or one event for the peer."""
