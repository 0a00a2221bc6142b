import unittest

from ledger.sums import total


class SumsTest(unittest.TestCase):
    def test_amounts_are_added(self) -> None:
        self.assertEqual(total(["1.10", "2.20"]), 330)
