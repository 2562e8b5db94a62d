"""What is signed: ids, canonical bytes, keys, envelopes, records and credentials."""
