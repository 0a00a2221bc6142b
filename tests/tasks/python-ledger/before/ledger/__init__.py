"""Entries and their sums."""
