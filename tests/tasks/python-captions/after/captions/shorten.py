"""Shortens a caption, at a word's end where there is one."""

import unicodedata

ELLIPSIS = "…"
JOINER = "\u200d"
RIGHT_TO_LEFT_MARK = "\u200f"
SKIN_TONES = range(0x1F3FB, 0x1F400)
FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def shorten(text, longest):
    """The text in at most `longest` characters as people count them, with an ellipsis where something was cut."""
    seen = characters(text)
    if len(seen) <= longest:
        return text
    kept = "".join(seen[: longest - 1])
    words = kept.rsplit(" ", 1)
    if len(words) == 2 and words[0]:
        kept = words[0]
    mark = RIGHT_TO_LEFT_MARK if reads_from_the_right(text) else ""
    return kept.rstrip() + mark + ELLIPSIS + mark


def characters(text):
    """What people see as one character each. Joined, they are the text."""
    found = []
    for code_point in text:
        if found and belongs_to(code_point, found[-1]):
            found[-1] += code_point
        else:
            found.append(code_point)
    return found


def belongs_to(code_point, before):
    """Whether it is part of the character before it."""
    # Marks include the variation selectors.
    if unicodedata.category(code_point).startswith("M") or code_point == JOINER or ord(code_point) in SKIN_TONES:
        return True
    if ord(code_point) in FLAG_LETTERS:
        return len(before) == 1 and ord(before) in FLAG_LETTERS
    return before.endswith(JOINER)


def reads_from_the_right(text):
    """Whether the first letter is one of a script that is written from the right."""
    directions = (unicodedata.bidirectional(code_point) for code_point in text)
    return next((direction for direction in directions if direction in ("L", "R", "AL")), "L") != "L"
