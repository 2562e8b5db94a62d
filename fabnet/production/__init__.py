"""Making it: facilities, machines, capacity, requests, lots and receipts."""
