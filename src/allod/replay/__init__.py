"""Traces and recorded logs through the same engine, with a virtual clock."""
