"""How guards are judged, whatever runs the tests."""

import dataclasses
from collections.abc import Callable, Iterable

from guard import Guard
from switches import Region


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a test ended, and what was printed."""

    has_failed: bool
    output: str = ""


# Runs a test of a package while the guard with this switch is out, or none is.
Run = Callable[[str, str, str | None], Ran]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether all tests of a guard noticed its absence, or what went wrong: a sentence each."""

    wrong: tuple[str, ...] = ()


def judge(guard: Guard, run: Run) -> Verdict:
    """Each test must fail without the guard, and then pass with it, in the same executable.

    The second run shows that the first one failed for want of the guard: not because of the test, the machine or the switches.
    """
    passing = unnoticed(guard, run)
    return passing if passing.wrong else failing(guard, run)


def unnoticed(guard: Guard, run: Run) -> Verdict:
    """The tests that pass without the guard."""
    passing = [test for test in guard.tests if not run(guard.package, test, guard.switch).has_failed]
    return Verdict(tuple(f"{test} passes without it" for test in passing))


def failing(guard: Guard, run: Run) -> Verdict:
    """The tests that fail with it."""
    ran = {test: run(guard.package, test, None) for test in guard.tests}
    return Verdict(
        tuple(f"{test} fails although every guard is there\n{how.output}" for test, how in ran.items() if how.has_failed)
    )


def broken(places: Iterable[tuple[str, int]], regions: dict[str, list[Region]]) -> set[str]:
    """The switches to whose lines errors of the compiler point, by any of their places: file and line."""
    return {
        switch
        for file, line in places
        for region in regions.get(file, [])
        if region.first <= line <= region.last
        for switch in region.switches
    }
