"""Sums."""

from ledger.money import cents


def total(amounts: list[str]) -> int:
    """Return the sum in cents."""
    return sum(cents(amount) for amount in amounts)
