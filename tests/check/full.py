#!/usr/bin/env python3
"""The rows of docs/check-full.md: when each long stage last ran, on which commit, and how it ended.

    full.py commit                                    prints what is checked out, for a row
    full.py record STAGE COMMIT SECONDS RESULT        writes the row of a stage
    full.py verify "STAGE STAGE ..."                  judges the rows of all stages

A stage without a row, a row for no stage, and a row that says that the stage failed are errors. Warnings: a stage that was not run,
a commit 50 or more commits ago, and a commit whose age git cannot tell.
"""

import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs/check-full.md"
STALE_AFTER = 50
HEAD = ["| stage | commit | date | minutes | result |", "|---|---|---|---|---|"]
NOT_RUN = "not run"
CHANGED = "+changes"


def git(*arguments):
    """What git prints, or None: there may be no git, no repository, or not the whole history."""
    try:
        ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def commit():
    """The commit that is checked out, marked when tracked files differ from it; rows do not count as a difference."""
    found = git("rev-parse", "--short=10", "HEAD")
    if found is None:
        return "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{FILE.relative_to(ROOT)}")
    return found + (CHANGED if changed else "")


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read(text):
    """The text before the table, its rows by stage, and the text after it."""
    lines = text.split("\n")
    if HEAD[0] not in lines:
        raise SystemExit(f"{FILE.relative_to(ROOT)} has no table that begins with {HEAD[0]}")
    start = lines.index(HEAD[0])
    end = start + len(HEAD)
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    rows = {}
    for line in lines[start + len(HEAD) : end]:
        row = cells(line)
        if len(row) != 5 or row[0] in rows:
            raise SystemExit(f"{FILE.relative_to(ROOT)}: not one row of five cells for a stage: {line}")
        rows[row[0]] = row
    return lines[:start], rows, lines[end:]


def record(stage, tested, seconds, result):
    before, rows, after = read(FILE.read_text())
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    rows[stage] = [stage, tested, date, f"{int(seconds) // 60}:{int(seconds) % 60:02}", result]
    table = [f"| {' | '.join(rows[name])} |" for name in sorted(rows)]
    FILE.write_text("\n".join([*before, *HEAD, *table, *after]))


def judge(row):
    """What is wrong with a row, as (is an error, text), or None."""
    stage, tested, _, _, result = row
    if result.startswith(NOT_RUN):
        return False, f"`{stage}` was not run ({result.removeprefix(NOT_RUN).lstrip(': ') or 'no reason given'})"
    if result != "passed":
        return True, f"`{stage}` {result} on {tested}; `./check full {stage}` runs it again"
    known = re.fullmatch(r"([0-9a-f]{7,40})(?:\+changes)?", tested)
    behind = known and git("rev-list", "--count", f"{known[1]}..HEAD")
    if not behind or git("merge-base", "--is-ancestor", known[1], "HEAD") is None:
        return False, f"the age of the row of `{stage}` is unknown: git does not have {tested} here"
    if int(behind) >= STALE_AFTER:
        return False, f"`{stage}` last ran {behind} commits ago; `./check full {stage}` runs it again"
    return None


def verify(stages):
    _, rows, _ = read(FILE.read_text())
    failed = False
    problems = [(True, f"`{stage}` has no row; `./check full {stage}` writes it") for stage in stages if stage not in rows]
    problems += [(True, f"`{stage}` is not a long stage of ./check; remove its row") for stage in rows if stage not in stages]
    problems += [judge(rows[stage]) for stage in stages if stage in rows]
    for is_error, text in filter(None, problems):
        failed |= is_error
        print(f"{'error' if is_error else 'WARNING'}: docs/check-full.md: {text}")
    return failed


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["commit"]:
            print(commit())
        case ["record", stage, tested, seconds, result]:
            record(stage, tested, seconds, result)
        case ["verify", names]:
            sys.exit(verify(names.split()))
        case _:
            sys.exit(__doc__)
