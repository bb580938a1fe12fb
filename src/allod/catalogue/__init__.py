"""Known sites as documents, every value with source, date and standing."""
