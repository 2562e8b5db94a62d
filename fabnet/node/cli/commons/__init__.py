"""Commands about designs and the documents that are signed of them."""
