"""The pages."""

from allod.web.pages import pages

__all__ = ["pages"]
