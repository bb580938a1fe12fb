"""Readers of weather files; each says whether a time in its file begins or ends an interval."""
