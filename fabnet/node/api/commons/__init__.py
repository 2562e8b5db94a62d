"""The commons over the API: designs searched, compared, followed and counted."""
