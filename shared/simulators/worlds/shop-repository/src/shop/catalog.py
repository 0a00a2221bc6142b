"""The products there are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """Something that can be bought."""

    key: str
    name: str
    price_cents: int


class Catalog:
    """Products by key."""

    def __init__(self, products: list[Product]) -> None:
        self._products = {product.key: product for product in products}

    @classmethod
    def example(cls) -> "Catalog":
        """Return the catalog that the examples and tests use."""
        return cls(
            [
                Product("mug", "Enamel mug", 1250),
                Product("shirt", "T-shirt", 1990),
                Product("poster", "Poster", 900),
            ]
        )

    def find(self, key: str) -> Product:
        """Return the product with this key; raise ``KeyError`` when there is none."""
        return self._products[key]
