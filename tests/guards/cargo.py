"""What cargo and nextest do in the copy of the tree."""

import dataclasses
import json
import os
import pathlib
import subprocess
from collections.abc import Iterator

from switches import VARIABLE
from trial import Ran

CONFIGURATION = pathlib.Path(__file__).resolve().with_name("nextest.toml")
# No guard has the name.
NONE_OUT = "none"
# Unoptimized, a function with several copies of its body needs as much more of the stack.
STACK = {"RUST_MIN_STACK": str(32 << 20)}
# https://nexte.st/rustdoc/nextest_metadata/enum.NextestExitCode
PASSED, FAILED, NO_SUCH_TEST = 0, 100, 4


class CannotTry(Exception):
    """Nothing can be said of any guard; why."""


@dataclasses.dataclass(frozen=True)
class Error:
    """What the compiler refused: the package's folder, the places, and its words."""

    package: str
    places: frozenset[tuple[str, int]]
    words: str


def places_of(diagnostic: dict) -> Iterator[tuple[str, int]]:
    """The file and first line of everything that a diagnostic points to, inside macros and in its notes too."""
    for span in diagnostic["spans"]:
        while span:
            yield span["file_name"], span["line_start"]
            span = (span.get("expansion") or {}).get("span")
    for child in diagnostic["children"]:
        yield from places_of(child)


def errors_of(messages: str, tree: pathlib.Path) -> list[Error]:
    """The errors among cargo's messages, one JSON object a line."""
    errors = []
    for line in messages.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        diagnostic = message.get("message")
        if message.get("reason") != "compiler-message" or not diagnostic["level"].startswith("error"):
            continue
        places = frozenset(places_of(diagnostic))
        folder = os.path.relpath(pathlib.Path(message["manifest_path"]).parent, tree)
        errors.append(Error(folder, places, diagnostic.get("rendered") or diagnostic["message"]))
    return errors


class Cargo:
    """Builds and runs tests in a copy of the tree."""

    def __init__(self, tree: pathlib.Path, target: pathlib.Path) -> None:
        self.tree = tree
        self.environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        self.environment["CARGO_TARGET_DIR"] = str(target)
        self.metadata = target / "guards" / "metadata.json"
        self.executables = target / "guards" / "executables.json"

    def order(self) -> dict[str, int]:
        """The packages of the workspace: those that others depend on come first."""
        metadata = json.loads(self.printed("metadata", "--locked", "--no-deps", "--format-version", "1"))
        needs = {
            package["name"]: [needed["name"] for needed in package["dependencies"] if needed.get("path") and needed["kind"] != "dev"]
            for package in metadata["packages"]
        }
        order: dict[str, int] = {}

        def place(name: str) -> None:
            if name not in order and name in needs:
                for needed in needs[name]:
                    place(needed)
                order[name] = len(order)

        for name in sorted(needs):
            place(name)
        return order

    def build(self, packages: list[str]) -> list[Error]:
        """Builds the tests of the packages. Prints cargo's progress; returns what the compiler refused."""
        command = ["cargo", "build", "--locked", "--tests", "--keep-going", "--message-format", "json", *named(packages)]
        built = subprocess.run(
            command, cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        errors = errors_of(built.stdout, self.tree)
        if built.returncode != 0 and not any(error.places for error in errors):
            raise CannotTry("\n".join(["the copy of the tree does not build", *(error.words for error in errors)]))
        return errors if built.returncode != 0 else []

    def keep_executables(self, packages: list[str]) -> None:
        """Writes down what was built, so that running a test asks cargo nothing."""
        host = subprocess.run(["rustc", "--print", "host-tuple"], cwd=self.tree, capture_output=True, text=True, check=True).stdout.strip()
        of_all = ["--locked", "--all-features", "--format-version", "1", "--filter-platform", host]
        self.metadata.write_text(self.printed("metadata", *of_all))
        listed = ["--locked", "--list-type", "binaries-only", "--message-format", "json", *named(packages)]
        self.executables.write_text(self.printed("nextest", "list", "--config-file", str(CONFIGURATION), *listed))

    def run_kept(self, package: str, test: str, switch: str | None) -> Ran:
        """Runs a test of what was kept, while the guard with this switch is out."""
        kept = ["--cargo-metadata", str(self.metadata), "--binaries-metadata", str(self.executables)]
        return self.run(kept, package, test, STACK | {VARIABLE: switch or NONE_OUT})

    def build_alone(self, package: str) -> str | None:
        """Builds the tests of a package and no others; returns what was printed if that fails."""
        command = ["cargo", "test", "--locked", "--quiet", "-p", package, "--no-run"]
        built = subprocess.run(command, cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return None if built.returncode == 0 else built.stderr[-4000:]

    def run_alone(self, package: str, test: str, switch: str | None) -> Ran:
        """Runs a test of what `build_alone` built; no switch has a part in it."""
        return self.run(["--locked", *named([package])], package, test, {})

    def run(self, chosen: list[str], package: str, test: str, environment: dict[str, str]) -> Ran:
        """Whether any test of the package with this in its name fails, or does not end."""
        filtered = ["--config-file", str(CONFIGURATION), "-E", f"package(={package}) & test(~{test})"]
        ran = subprocess.run(
            ["cargo", "nextest", "run", *chosen, *filtered],
            cwd=self.tree,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if ran.returncode == NO_SUCH_TEST:
            raise CannotTry(f"{package}: there is no test {test}")
        if ran.returncode not in (PASSED, FAILED):
            raise CannotTry(f"{package}: nextest ended with {ran.returncode} for {test}\n{ran.stdout[-4000:]}")
        return Ran(ran.returncode == FAILED, ran.stdout[-8000:])

    def printed(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["cargo", *arguments], cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        if ran.returncode != 0:
            raise CannotTry(f"cargo {arguments[0]} ended with {ran.returncode}")
        return ran.stdout


def named(packages: list[str]) -> list[str]:
    return [word for package in packages for word in ("-p", package)]
