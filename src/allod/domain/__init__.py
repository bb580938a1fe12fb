"""Nouns: frozen documents, events and decisions; no rules, no I/O."""
