import os
import shutil
import subprocess
import tempfile
import unittest

from hosts import read


class Hidden(unittest.TestCase):
    def test_one_block_changed(self):
        timeouts = {name: host.timeout for name, host in read("etc/hosts.ini").items()}
        self.assertEqual(timeouts.pop("reports"), 120)
        self.assertEqual(set(timeouts.values()), {30})
        self.assertEqual(len(timeouts), 15)

    def test_units(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "hosts.ini")
            for text, expected in [("5", 5), ("5s", 5), ("3m", 180), ("soon", None), ("3h", None)]:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"[web]\naddress = 10.0.0.1\ntimeout = {text}\n")
                if expected is None:
                    with self.assertRaisesRegex(ValueError, "web"):
                        read(path)
                else:
                    self.assertEqual(read(path)["web"].timeout, expected)

    def test_recipes_are_indented_with_tabs(self):
        with open("Makefile", encoding="utf-8") as file:
            lines = file.read().split("\n")
        starts = {line.split(":")[0]: at for at, line in enumerate(lines) if line[:1].isalpha() and ":" in line}
        self.assertIn("check", starts)
        for target in ["test", "check", "show", "deploy"]:
            self.assertTrue(lines[starts[target] + 1].startswith("\t"), target)
        self.assertIn("check", lines[starts["deploy"]])
        self.assertIn("    COPY = @echo cp", lines)

    def test_nothing_wrong_is_deployed(self):
        if shutil.which("make") is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "etc"))
            target = os.path.join(folder, "etc", "hosts.ini")
            deploy = ["make", "deploy", f"DESTDIR={folder}"]
            subprocess.run(deploy, check=True, capture_output=True)
            with open(target, encoding="utf-8") as file:
                good = file.read()
            self.assertEqual(good.count("timeout = 30\n"), 15)
            with tempfile.TemporaryDirectory() as copy:
                for name in ["hosts", "etc", "Makefile"]:
                    (shutil.copytree if os.path.isdir(name) else shutil.copy)(name, os.path.join(copy, name))
                with open(os.path.join(copy, "etc", "hosts.ini"), "a", encoding="utf-8") as file:
                    file.write("\n[wrong]\naddress = 10.0.0.2\ntimeout = never\n")
                self.assertNotEqual(subprocess.run(deploy, cwd=copy, capture_output=True).returncode, 0)
            with open(target, encoding="utf-8") as file:
                self.assertEqual(file.read(), good)


if __name__ == "__main__":
    unittest.main()
