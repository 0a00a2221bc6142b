import unittest

from slugs import slug


class SlugTest(unittest.TestCase):
    def test_words_are_joined_by_dashes(self) -> None:
        self.assertEqual(slug("Hello, World!"), "hello-world")

    def test_nothing_is_left_of_signs(self) -> None:
        self.assertEqual(slug("!?"), "")


if __name__ == "__main__":
    unittest.main()
