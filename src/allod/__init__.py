"""Allod plans sovereign AI factories, places work under law, charter and power, and proves it."""

__version__ = "0.1.0"
