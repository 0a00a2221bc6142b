"""Hosts and how to reach them."""

from .read import Host, read

__all__ = ["Host", "read"]
