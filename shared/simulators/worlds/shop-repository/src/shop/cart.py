"""The cart."""

from dataclasses import dataclass

from shop.catalog import Product


@dataclass
class Line:
    """A product in the cart, and how many of it."""

    product: Product
    quantity: int

    def total(self) -> int:
        """Return the line's price in cents."""
        return self.product.price_cents * self.quantity


class Cart:
    """What a customer is about to buy."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def add(self, product: Product, quantity: int = 1) -> None:
        """Put a product into the cart; a product that is there already gets more."""
        if quantity < 1:
            raise ValueError("quantity must be at least 1")
        line = self._lines.setdefault(product.key, Line(product, 0))
        line.quantity += quantity

    def lines(self) -> list[Line]:
        """Return the cart's lines, in the order in which they were added."""
        return list(self._lines.values())

    def total(self) -> int:
        """Return the price of everything in the cart, in cents."""
        return sum(line.total() for line in self._lines.values())
