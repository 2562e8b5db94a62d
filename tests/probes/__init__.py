"""What the product says and how it recovers, each seen at least once by `make test`."""
