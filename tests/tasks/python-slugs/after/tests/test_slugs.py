import unittest

from slugs import slug


class SlugTest(unittest.TestCase):
    def test_words_are_joined_by_dashes(self) -> None:
        self.assertEqual(slug("Hello, World!"), "hello-world")

    def test_nothing_is_left_of_signs(self) -> None:
        self.assertEqual(slug("!?"), "")

    def test_letters_lose_their_accents(self) -> None:
        self.assertEqual(slug("Crème brûlée"), "creme-brulee")

    def test_a_long_title_is_cut_at_a_word(self) -> None:
        self.assertEqual(slug("Crème brûlée, two ways", greatest=15), "creme-brulee")


if __name__ == "__main__":
    unittest.main()
