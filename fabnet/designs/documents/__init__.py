"""What is signed about a design: grant, licence acceptance, passport, withdrawal."""
