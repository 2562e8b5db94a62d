"""What is signed about a design: grant, dispute, licence acceptance, passport."""
