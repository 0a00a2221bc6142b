"""Captions of videos."""

from .formats.srt import write_srt
from .shorten import shorten

__all__ = ["shorten", "write_srt"]
