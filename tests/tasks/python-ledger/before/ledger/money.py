"""Amounts in cents."""

from decimal import Decimal


def cents(text: str) -> int:
    """Return an amount such as 12.345 in whole cents."""
    return round(Decimal(text) * 100)
