"""What becomes of a title."""

import re
import unicodedata

_OTHER = re.compile(r"[^a-z0-9]+")


def slug(title: str, greatest: int | None = None) -> str:
    """Return the title in lower case, with dashes between its words; cut after ``greatest`` characters, at a word's end if it can be."""
    letters = unicodedata.normalize("NFKD", title.lower())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    whole = _OTHER.sub("-", plain).strip("-")
    return whole if greatest is None else _cut(whole, greatest)


def _cut(text: str, greatest: int) -> str:
    if len(text) <= greatest:
        return text
    words, _, _ = text[: greatest + 1].rpartition("-")
    return words or text[:greatest]
