"""What a peer may cost us, whom we shut out, and whom we dial ourselves."""
