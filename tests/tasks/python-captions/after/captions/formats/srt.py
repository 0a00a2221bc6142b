"""Subtitles in the format of SubRip."""

from ..shorten import shorten


def write_srt(captions, longest=42):
    """Captions as (start, end, text) in seconds. Numbers begin at 1, and lines end with CRLF as players want it."""
    blocks = []
    for number, (start, end, text) in enumerate(captions, 1):
        blocks.append(f"{number}\r\n{clock(start)} --> {clock(end)}\r\n{shorten(text, longest)}\r\n")
    return "\r\n".join(blocks)


def clock(seconds):
    """1.5 as `00:00:01,500`."""
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02},{rest % 1000:03}"
