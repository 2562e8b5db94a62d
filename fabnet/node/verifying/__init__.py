"""Whether designs and documents are what they say, told without a network."""
