"""Captions of videos."""

from .shorten import shorten
from .srt import write_srt

__all__ = ["shorten", "write_srt"]
