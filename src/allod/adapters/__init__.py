"""Thin I/O behind the ports of `run`: PostgreSQL, local processes."""
