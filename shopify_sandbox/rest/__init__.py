"""The little of the REST Admin API that clients still read."""
