"""What `tests/guards/run` lists: guards, and whether they still fit the code."""

import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess
import sys


@dataclasses.dataclass(frozen=True)
class Guard:
    name: str
    file: str
    text: str
    without: str
    package: str
    tests: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Of the whole line, so that a line that was changed is another guard."""
        return hashlib.sha256(json.dumps(dataclasses.astuple(self)).encode()).hexdigest()

    @property
    def switch(self) -> str:
        """What the environment says to take it out: its name, which several guards may share, and part of its digest."""
        return f"{self.name}-{self.digest[:8]}"


def read_guards() -> list[Guard]:
    fields = sys.stdin.buffer.read().decode().split("\0")[:-1]
    guards = []
    while fields:
        count = int(fields.pop(0))
        name, file, text, without, package, *tests = fields[:count]
        guards.append(Guard(name, file, text, without, package, tuple(tests)))
        fields = fields[count:]
    return guards


def unfit(guards: list[Guard]) -> list[str]:
    """Why guards do not fit the code: a sentence each."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.rs"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    sources = "\n".join(path.read_text() for path in map(pathlib.Path, filter(None, listed)) if path.is_file())
    functions = set(re.findall(r"\bfn (\w+)", sources))
    problems = []
    for guard in guards:
        path = pathlib.Path(guard.file)
        times = path.read_text().count(guard.text) if path.is_file() else "no such file"
        if times != 1:
            problems.append(f"{guard.name}: its text must occur once in {guard.file}, found: {times}")
        for test in guard.tests:
            if not any(function.endswith(test) or test in function for function in functions):
                problems.append(f"{guard.name}: there is no test {test}")
        if not guard.tests:
            problems.append(f"{guard.name}: no test is named")
    return problems
