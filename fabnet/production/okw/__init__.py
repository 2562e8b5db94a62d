"""A workshop and its machines as other registries read them: OKW 1.0, and IoP's."""
