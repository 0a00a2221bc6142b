#!/usr/bin/env python3
"""Compares docs/faults.md with tests/guards/run: every test named there exists, and every fault of the issues below has a guard.

Whole-system tests (the package `tests`) run the built command, which the guards do not rebuild, or compare documents and recipes with the
code; a fault that only they show has no guard.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
GUARDED_ISSUES = {"11", "12", "13"}

sources = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
functions = set()
for source in sources:
    path = ROOT / source
    if path.is_file():
        functions.update(re.findall(r"\bfn (\w+)", path.read_text()))
guarded = set(re.findall(r"\w+", (ROOT / "tests/guards/run").read_text()))

problems = []
rows = {}
for number, line in enumerate((ROOT / "docs/faults.md").read_text().splitlines(), 1):
    row = re.match(r"\| (\d+)\.(\d+) \| (.*) \| (.*) \|$", line)
    if not row:
        continue
    issue, point, fault, shown_by = row.groups()
    place = f"docs/faults.md:{number}"
    if (issue, point, fault) in rows:
        problems.append(f"{place}: line {rows[issue, point, fault]} names the same fault")
    rows[issue, point, fault] = number
    # `package test`, or `package` `test`; the path of a test's module may come before its name.
    named = re.findall(r"[\w:]*?(\w+)`", shown_by)
    tests = [name for name in named if "_" in name]
    problems += [f"{place}: there is no test {test}" for test in tests if test not in functions]
    is_whole = all(name.startswith("tests ") for name in re.findall(r"`([^`]+)`", shown_by))
    if issue in GUARDED_ISSUES and not is_whole and not guarded.intersection(tests):
        problems.append(f"{place}: no guard in tests/guards/run names a test of {issue}.{point}")

for problem in problems:
    print("UNFIT ", problem)
sys.exit(bool(problems))
