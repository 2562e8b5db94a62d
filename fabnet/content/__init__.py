"""What bytes are called: CIDs, and the folders an IPFS client can fetch."""
