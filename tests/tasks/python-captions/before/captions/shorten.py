"""Shortens a caption, at a word's end where there is one."""

ELLIPSIS = "…"


def shorten(text, longest):
    """The text in at most `longest` characters, with an ellipsis where something was cut."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    words = kept.rsplit(" ", 1)
    if len(words) == 2 and words[0]:
        kept = words[0]
    return kept.rstrip() + ELLIPSIS
