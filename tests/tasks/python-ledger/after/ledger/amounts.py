"""Amounts in cents."""

from decimal import ROUND_HALF_UP, Decimal


def cents(text: str) -> int:
    """Return an amount such as 12.345 in whole cents, rounded half up as the bank does."""
    return int((Decimal(text) * 100).quantize(Decimal(1), ROUND_HALF_UP))
