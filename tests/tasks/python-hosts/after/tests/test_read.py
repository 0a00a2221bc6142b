import os
import tempfile
import unittest

from hosts import read


def of(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "hosts.ini")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return read(path)


class Reading(unittest.TestCase):
    def test_what_is_missing_has_a_default(self):
        host = of("[a]\naddress = 10.0.0.1\n")["a"]
        self.assertEqual((host.port, host.timeout, host.retries, host.verify), (443, 30, 3, True))

    def test_errors_name_the_host(self):
        with self.assertRaisesRegex(ValueError, "^b: "):
            of("[a]\naddress = 1\n[b]\nport = 1\n")

    def test_timeouts_have_units(self):
        for text, expected in [("45", 45), ("45s", 45), ("2m", 120), ("2 m", 120)]:
            self.assertEqual(of(f"[a]\naddress = 1\ntimeout = {text}\n")["a"].timeout, expected)
        for text in ["", "soon", "-1", "0", "1h", "1.5m"]:
            with self.assertRaisesRegex(ValueError, "^a: "):
                of(f"[a]\naddress = 1\ntimeout = {text}\n")

    def test_the_shipped_file_is_read(self):
        hosts = read("etc/hosts.ini")
        self.assertEqual(len(hosts), 16)
        self.assertTrue(all(host.verify for host in hosts.values()))


if __name__ == "__main__":
    unittest.main()
