"""The cart and checkout of a small shop."""
