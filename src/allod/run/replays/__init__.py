"""Replays that somebody asks the node for: what if it had another charter, or more power."""
