#!/usr/bin/env python3
"""Takes guards out of a copy of the tree, one at a time; the tests named for each must fail without it.

Reads records from standard input, each of NUL-terminated fields: how many follow, then the guard's name, its file, what makes it, what
stands there without it, the package and its tests. With `--fit`, only makes sure that each still fits the code. Prints a line per guard
and exits with 1 when one goes unnoticed or does not fit.

First all tests must pass with every guard in place. Then each guard costs one build, since the one before it is put back in the same
build. Guards are tried package by package, those that others depend on first, so that little is built again.
"""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

# A test that hangs without its guard has noticed.
TEST_LIMIT_SECONDS = 300


@dataclasses.dataclass
class Guard:
    name: str
    file: str
    text: str
    without: str
    package: str
    tests: list[str]


def read_guards() -> list[Guard]:
    fields = sys.stdin.buffer.read().decode().split("\0")[:-1]
    guards = []
    while fields:
        count = int(fields.pop(0))
        name, file, text, without, package, *tests = fields[:count]
        guards.append(Guard(name, file, text, without, package, tests))
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


def copy_tree(place: pathlib.Path) -> None:
    """Copies tracked and new files, with new times, so that nothing is taken for what was built of an earlier copy."""
    shutil.rmtree(place, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        source = pathlib.Path(name)
        if source.is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place / name)


def package_order() -> dict[str, int]:
    """The packages of the workspace: those that others depend on come first."""
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"], capture_output=True, text=True, check=True
        ).stdout
    )
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


def builds(package: str) -> tuple[bool, str]:
    built = subprocess.run(["cargo", "test", "--locked", "--quiet", "-p", package, "--no-run"], capture_output=True, text=True)
    return built.returncode == 0, built.stderr[-4000:]


def failed(package: str, test: str) -> tuple[bool, str]:
    """Whether a test fails, and what was printed. A name that no test has passes for nothing: it ends the run."""
    command = ["cargo", "test", "--locked", "-p", package, test]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=TEST_LIMIT_SECONDS)
    except subprocess.TimeoutExpired as late:
        return True, str(late)
    if ran.returncode == 0 and not re.search(r"^running [1-9]", ran.stdout, re.MULTILINE):
        sys.exit(f"{package}: there is no test {test}")
    return ran.returncode != 0, (ran.stdout + ran.stderr)[-8000:]


def unnoticed(guard: Guard) -> list[str]:
    """What went wrong when the guard was taken out: a sentence each; none when every test noticed."""
    path = pathlib.Path(guard.file)
    before = path.read_text()
    path.write_text(before.replace(guard.text, guard.without))
    try:
        is_built, output = builds(guard.package)
        if not is_built:
            return [f"what is left without the guard does not build\n{output}"]
        return [f"{test} passes without it" for test in guard.tests if not failed(guard.package, test)[0]]
    finally:
        path.write_text(before)


def main() -> int:
    guards = read_guards()
    problems = unfit(guards)
    for problem in problems:
        print("UNFIT ", problem)
    if problems or sys.argv[1:] == ["--fit"]:
        return bool(problems)

    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).absolute()
    os.environ["CARGO_TARGET_DIR"] = str(target)
    tree = target / "guards" / "tree"
    copy_tree(tree)
    os.chdir(tree)
    order = package_order()
    guards.sort(key=lambda guard: order[guard.package])
    wrong = 0
    for package in dict.fromkeys(guard.package for guard in guards):
        is_built, output = builds(package)
        if not is_built:
            sys.exit(f"{package} does not build with every guard in place\n{output}")
        for test in dict.fromkeys(test for guard in guards if guard.package == package for test in guard.tests):
            has_failed, output = failed(package, test)
            if has_failed:
                print(f"FAILS      {package} {test}, although every guard is there\n{output}", flush=True)
                wrong += 1
        for guard in guards:
            if guard.package != package:
                continue
            began = time.monotonic()
            found = unnoticed(guard)
            wrong += bool(found)
            for sentence in found:
                print(f"UNNOTICED  {guard.name}: {sentence}", flush=True)
            if not found:
                print(f"noticed    {guard.name} by {package}: {', '.join(guard.tests)} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(guards)} guards, {wrong} of them wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
