import hashlib
import os
import unittest

import captions
from captions import shorten


class Hidden(unittest.TestCase):
    def test_what_people_see_as_one(self):
        family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
        self.assertEqual(shorten(family * 3, 2), family + "…")
        self.assertEqual(shorten("e\u0301" * 4, 4), "e\u0301" * 4)
        self.assertEqual(shorten("e\u0301" * 4, 3), "e\u0301" * 2 + "…")
        wave = "\U0001f44b\U0001f3fd"
        self.assertEqual(shorten(wave * 3, 2), wave + "…")
        heart = "\u2764\ufe0f"
        self.assertEqual(shorten(heart * 3, 2), heart + "…")
        norway, sweden = "\U0001f1f3\U0001f1f4", "\U0001f1f8\U0001f1ea"
        self.assertEqual(shorten(norway + sweden + norway, 3), norway + sweden + norway)
        self.assertEqual(shorten(norway + sweden + norway, 2), norway + "…")

    def test_points_stay_with_their_letters(self):
        word = "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd"
        self.assertEqual(shorten(word + " " + word, 6), word + "\u200f…\u200f")
        self.assertEqual(shorten("12 " + word + " " + word, 9), "12 " + word + "\u200f…\u200f")

    def test_from_the_left_it_stays(self):
        self.assertEqual(shorten("Good morning", 6), "Good…")
        self.assertEqual(shorten("12 34 56", 6), "12…")

    def test_the_writer_is_in_a_package(self):
        from captions.formats import srt

        self.assertIs(captions.write_srt, srt.write_srt)
        self.assertFalse(os.path.exists("captions/srt.py"))
        self.assertEqual(os.path.getsize("captions/formats/__init__.py"), 0)

    def test_data_is_as_it_was(self):
        with open("tests/data/greetings.txt", "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest()[:16], "bf6ea8cc50d4f8dd")


if __name__ == "__main__":
    unittest.main()
