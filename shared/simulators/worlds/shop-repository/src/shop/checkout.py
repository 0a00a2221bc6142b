"""Checking out: from a cart to a receipt."""

from shop.cart import Cart
from shop.money import format_cents


def receipt(cart: Cart) -> str:
    """Return the receipt for a cart, one line for each product and the total."""
    rows = [
        f"{line.quantity} x {line.product.name}: {format_cents(line.total())}"
        for line in cart.lines()
    ]
    rows.append(f"Total: {format_cents(cart.total())}")
    return "\n".join(rows)
