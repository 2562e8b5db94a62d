"""Being reached by way of hubs, and being one for others."""
