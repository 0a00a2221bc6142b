import unittest

from slugs import slug


class HiddenTest(unittest.TestCase):
    def test_accents(self) -> None:
        self.assertEqual(slug("Größe & Länge"), "gro-e-lange")

    def test_cut(self) -> None:
        self.assertEqual(slug("one two three", greatest=7), "one-two")
        self.assertEqual(slug("one two three", greatest=8), "one-two")
        self.assertEqual(slug("undivided", greatest=4), "undi")
        self.assertEqual(slug("one two", greatest=7), "one-two")
