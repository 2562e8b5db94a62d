"""What IPFS clients ask for: blocks, CARs, and who has them."""
