"""Titles as parts of URLs."""

from slugs.text import slug

__all__ = ["slug"]
