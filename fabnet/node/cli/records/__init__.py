"""Commands about the records kept here."""
