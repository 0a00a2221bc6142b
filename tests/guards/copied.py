"""The copy of the tree out of which guards are taken, and what is known of guards from earlier runs on the same tree."""

import hashlib
import pathlib
import re
import shutil
import subprocess

from guard import Guard

# No test of a guard reads them, and `./check full guards` writes a row after each run.
NOT_TRIED = ("tests/guards/", "tests/check/", "tests/soak/", "docs/check-full.md")
# Those at the root and in docs/ are read by tests only if code has their names. Elsewhere they are prompts, and files of worlds.
DOCUMENT = re.compile(r"(?:[^/]+|docs/.+)\.md")
# They try the built command and compare documents; no guard is taken out for them.
WHOLE_SYSTEM = "tests/whole_system/"


def listed_files() -> list[str]:
    """Tracked and new files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return sorted({name for name in listed if name and pathlib.Path(name).is_file()})


def digest_of(files: list[str]) -> str:
    """Of the commit and everything that differs from it: the names and contents of all files that are tried.

    A document that no code names changes no test, so what was found before it changed is still true.
    """
    digest = hashlib.sha256()
    sources = [name for name in files if name.endswith(".rs") and not name.startswith(WHOLE_SYSTEM)]
    code = "\n".join(pathlib.Path(name).read_text() for name in sources)
    for name in files:
        is_unread = name.startswith(NOT_TRIED) or (DOCUMENT.fullmatch(name) and pathlib.Path(name).name not in code)
        if not is_unread:
            content = pathlib.Path(name).read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def write(path: pathlib.Path, content: bytes) -> None:
    """Writes a file that differs; one that does not keeps its time, so that it is not built again."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def lay(place: pathlib.Path, files: list[str], changed: dict[str, str]) -> None:
    """Makes the copy the same as the tree, but for the files with another text."""
    wanted = set(files)
    for path in list(place.rglob("*")):
        if path.is_file() and str(path.relative_to(place)) not in wanted:
            path.unlink()
    for name in files:
        source = pathlib.Path(name)
        write(place / name, changed[name].encode() if name in changed else source.read_bytes())
        shutil.copymode(source, place / name)


class Known:
    """What runs on the same tree found, one line for each finding: interrupted runs are continued."""

    NOTICED = "noticed"
    SWITCHLESS = "no-switch"
    UNDECIDED = "undecided"

    def __init__(self, file: pathlib.Path, tree: str) -> None:
        self.file = file
        self.tree = tree
        self.lines = set(file.read_text().splitlines()) if file.is_file() else set()

    def line(self, finding: str, guard: Guard) -> str:
        key = hashlib.sha256(f"{guard.digest}{self.tree}".encode()).hexdigest()
        return f"{finding} {key} {guard.name}"

    def has(self, finding: str, guard: Guard) -> bool:
        return self.line(finding, guard) in self.lines

    def add(self, finding: str, guard: Guard) -> None:
        line = self.line(finding, guard)
        self.lines.add(line)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(f"{line}\n")
