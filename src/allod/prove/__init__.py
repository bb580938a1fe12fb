"""Evidence: the canonical encoding of what is recorded."""
