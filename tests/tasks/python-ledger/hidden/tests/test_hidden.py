import unittest
from importlib.util import find_spec
from pathlib import Path

from ledger.amounts import cents
from ledger.sums import total


class HiddenTest(unittest.TestCase):
    def test_rounding(self) -> None:
        self.assertEqual([cents("0.005"), cents("0.015"), cents("-0.005"), total(["0.125", "0.125"])], [1, 2, -1, 26])

    def test_what_is_gone(self) -> None:
        self.assertIsNone(find_spec("ledger.money"))
        self.assertIsNone(find_spec("ledger.read_v1"))

    def test_line_endings_stay(self) -> None:
        text = Path("ledger/sums.py").read_bytes()
        self.assertEqual(text.count(b"\n"), text.count(b"\r\n"))
