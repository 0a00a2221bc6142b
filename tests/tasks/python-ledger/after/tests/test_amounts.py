import unittest

from ledger.amounts import cents


class AmountsTest(unittest.TestCase):
    def test_half_a_cent_is_rounded_up(self) -> None:
        self.assertEqual(cents("0.125"), 13)
