"""Allod plans a sovereign AI factory, places work on it under law, charter and power, and proves it."""

__version__ = "0.1.0"
