"""Readers of series over time: prices, carbon intensity, availability of plant."""
