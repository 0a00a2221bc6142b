import unittest

from shop.cart import Cart
from shop.catalog import Catalog
from shop.checkout import receipt


class CheckoutTest(unittest.TestCase):
    def test_the_receipt_lists_products_and_total(self) -> None:
        catalog = Catalog.example()
        cart = Cart()
        cart.add(catalog.find("shirt"), quantity=2)
        self.assertEqual(receipt(cart), "2 x T-shirt: 39.80\nTotal: 39.80")


if __name__ == "__main__":
    unittest.main()
