import unittest

from captions import shorten, write_srt


class Shortening(unittest.TestCase):
    def test_short_ones_stay(self):
        with open("tests/data/greetings.txt", encoding="utf-8", newline="") as file:
            for line in file.read().split("\n"):
                self.assertEqual(shorten(line, 100), line)

    def test_words_are_whole_where_there_are_some(self):
        self.assertEqual(shorten("Good morning", 6), "Good…")
        self.assertEqual(shorten("こんにちは世界", 6), "こんにちは…")

    def test_nothing_is_cut_in_the_middle(self):
        self.assertEqual(shorten("👨‍👩‍👧👋🏽🇳🇴🇸🇪", 3), "👨‍👩‍👧👋🏽…")
        self.assertEqual(shorten("cafe\u0301s", 5), "cafe\u0301s")
        self.assertEqual(shorten("🇳🇴🇸🇪🇩🇰", 2), "🇳🇴…")

    def test_right_to_left(self):
        self.assertEqual(shorten("שלום עולם", 6), "שלום\u200f…\u200f")
        self.assertEqual(shorten("(1) مرحبا بالعالم", 12), "(1) مرحبا\u200f…\u200f")


class Subtitles(unittest.TestCase):
    def test_blocks_are_numbered(self):
        text = write_srt([(0, 1.5, "Hello"), (3661.25, 3662, "Bye")])
        self.assertEqual(
            text,
            "1\r\n00:00:00,000 --> 00:00:01,500\r\nHello\r\n\r\n2\r\n01:01:01,250 --> 01:01:02,000\r\nBye\r\n",
        )


if __name__ == "__main__":
    unittest.main()
