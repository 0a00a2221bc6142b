"""What becomes of a title."""

import re

_OTHER = re.compile(r"[^a-z0-9]+")


def slug(title: str) -> str:
    """Return the title in lower case, with dashes between its words."""
    return _OTHER.sub("-", title.lower()).strip("-")
