import unittest

from shop.cart import Cart
from shop.catalog import Catalog


class CartTest(unittest.TestCase):
    def setUp(self) -> None:
        self.catalog = Catalog.example()
        self.cart = Cart()

    def test_an_empty_cart_costs_nothing(self) -> None:
        self.assertEqual(self.cart.total(), 0)

    def test_the_total_counts_every_piece(self) -> None:
        self.cart.add(self.catalog.find("mug"), quantity=2)
        self.cart.add(self.catalog.find("poster"))
        self.assertEqual(self.cart.total(), 3400)

    def test_adding_a_product_again_raises_its_quantity(self) -> None:
        self.cart.add(self.catalog.find("mug"))
        self.cart.add(self.catalog.find("mug"))
        self.assertEqual([line.quantity for line in self.cart.lines()], [2])

    def test_a_quantity_below_one_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            self.cart.add(self.catalog.find("mug"), quantity=0)


if __name__ == "__main__":
    unittest.main()
