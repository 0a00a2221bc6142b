"""Amounts of money, in whole cents."""


def format_cents(cents: int) -> str:
    """Return an amount as people read it, such as ``12.50``."""
    sign = "-" if cents < 0 else ""
    euros, rest = divmod(abs(cents), 100)
    return f"{sign}{euros}.{rest:02d}"


def percent_of(cents: int, percent: int) -> int:
    """Return a percentage of an amount, rounded down to whole cents."""
    return cents * percent // 100
