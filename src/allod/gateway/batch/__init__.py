"""Batches: calls of a file, made through the gateway's own workers when nobody else needs them."""
