"""Sums."""

from ledger.amounts import cents


def total(amounts: list[str]) -> int:
    """Return the sum in cents."""
    return sum(cents(amount) for amount in amounts)
