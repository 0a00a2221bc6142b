#!/usr/bin/env python3
"""Takes guards out of a copy of the tree, one at a time; the tests named for each must fail without it, and pass with it.

    remove.py --fit            only makes sure that each guard still fits the code
    remove.py [--minutes N]    tries all that no earlier run on the same tree has, and begins nothing after so many minutes;
                               what runs found is in `guards/known` in the target folder

Reads records from standard input, each of NUL-terminated fields: how many follow, then the guard's name, its file, what makes it, what
stands there without it, the package and its tests. Prints a line per guard. Exits with 1 when one goes unnoticed or does not fit, and
with 3 when nothing is wrong but guards are left for want of time.

Nearly all guards are in bodies of functions, where switches.py puts the code without each beside the code: one build, and then the
tests of a guard run without it and with it, in the same executable. A guard that cannot have a switch, or whose tests did not both fail
and pass by it (the environment may not reach all processes of a test), is then tried alone, in a tree without switches: its file is
changed and built. So no guard is accepted whose tests did not fail while it alone was out, and none is refused because of its switch.
"""

import argparse
import concurrent.futures
import os
import pathlib
import sys
import time

import copied
from cargo import CannotTry, Cargo, Error
from copied import Known
from guard import Guard, read_guards, unfit
from switches import Region, Variant, switched
from trial import Verdict, broken, failing, judge, unnoticed


class Trials:
    """The guards of a run, and what was found of each."""

    def __init__(self, guards: list[Guard], tree: pathlib.Path, cargo: Cargo, known: Known, minutes: float | None) -> None:
        self.guards = guards
        self.tree = tree
        self.cargo = cargo
        self.known = known
        self.ends = None if minutes is None else time.monotonic() + minutes * 60
        self.verdicts: dict[Guard, Verdict] = {}
        self.earlier = {guard for guard in guards if known.has(Known.NOTICED, guard)}

    def run(self) -> int:
        self.try_by_switch(self.build_switches())
        alone = [] if self.is_late() else self.left()
        if alone:
            print(f"{len(alone)} guards are tried alone", flush=True)
            copied.lay(self.tree, copied.listed_files(), {})
        order = self.cargo.order() if alone else {}
        for package in sorted({guard.package for guard in alone}, key=lambda name: order[name]):
            self.try_alone(package, [guard for guard in alone if guard.package == package])
        return self.sum_up()

    def left(self) -> list[Guard]:
        return [guard for guard in self.guards if guard not in self.verdicts and guard not in self.earlier]

    def is_late(self) -> bool:
        return self.ends is not None and time.monotonic() >= self.ends

    def build_switches(self) -> list[Guard]:
        """Builds the tree with a switch for each guard that can have one; returns those to try by their switches.

        Those that earlier runs tried have theirs, too, so that the same tree is built.
        """
        while True:
            candidates = [guard for guard in self.guards if not self.known.has(Known.SWITCHLESS, guard)]
            files, regions = with_switches(candidates)
            placed = {switch for found in regions.values() for region in found for switch in region.switches}
            guards = [guard for guard in candidates if guard.switch in placed]
            packages = sorted({guard.package for guard in guards})
            untried = [guard for guard in self.left() if guard in guards and not self.known.has(Known.UNDECIDED, guard)]
            # The copy stays as it is: laid out with and then without switches, all of it would be built again before others are tried alone.
            if self.is_late() or not untried:
                return []
            copied.lay(self.tree, copied.listed_files(), files)
            print(f"{len(guards)} of {len(self.guards)} guards have a switch; building {len(packages)} packages", flush=True)
            errors = self.cargo.build(packages)
            if not errors:
                self.cargo.keep_executables(packages)
                return untried
            self.give_up(errors, regions, guards)

    def give_up(self, errors: list[Error], regions: dict[str, list[Region]], guards: list[Guard]) -> None:
        """Does without the switches that the compiler refused: those where it points, or else all of the package."""
        refused = broken((place for error in errors for place in error.places), regions)
        if not refused:
            folders = tuple(f"{error.package}/" for error in errors)
            refused = {guard.switch for guard in guards if guard.file.startswith(folders)}
        if not refused:
            raise CannotTry("\n".join(["the tree does not build with every guard in place", *(error.words for error in errors)]))
        for guard in guards:
            if guard.switch in refused:
                print(f"no switch  {guard.name} in {guard.file}: with its switch the code does not build", flush=True)
                self.known.add(Known.SWITCHLESS, guard)

    def try_by_switch(self, guards: list[Guard]) -> None:
        """Decides the guards whose tests fail without them and pass with them; the others need a trial alone."""

        def one(guard: Guard) -> tuple[Verdict, float] | None:
            began = time.monotonic()
            return None if self.is_late() else (judge(guard, self.cargo.run_kept), time.monotonic() - began)

        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            running = {pool.submit(one, guard): guard for guard in guards}
            try:
                for future in concurrent.futures.as_completed(running):
                    guard, found = running[future], future.result()
                    if found and found[0].wrong:
                        print(f"undecided  {guard.name} by its switch: {found[0].wrong[0].splitlines()[0]}", flush=True)
                        self.known.add(Known.UNDECIDED, guard)
                    elif found:
                        self.record(guard, *found)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def try_alone(self, package: str, guards: list[Guard]) -> None:
        """Takes guards out of their files, one at a time; their tests must have passed before."""
        if self.is_late():
            return
        output = self.cargo.build_alone(package)
        if output is not None:
            raise CannotTry(f"{package} does not build with every guard in place\n{output}")
        in_place = {guard: failing(guard, self.cargo.run_alone) for guard in guards}
        for guard in guards:
            if self.is_late():
                return
            began = time.monotonic()
            verdict = in_place[guard] if in_place[guard].wrong else self.without(guard)
            self.record(guard, verdict, time.monotonic() - began)

    def without(self, guard: Guard) -> Verdict:
        """What its tests say when a guard is taken out of its file. Each such build also puts back the guard before."""
        path = self.tree / guard.file
        before = path.read_text()
        path.write_text(pathlib.Path(guard.file).read_text().replace(guard.text, guard.without))
        try:
            output = self.cargo.build_alone(guard.package)
            if output is not None:
                return Verdict((f"what is left without the guard does not build\n{output}",))
            return unnoticed(guard, self.cargo.run_alone)
        finally:
            path.write_text(before)

    def record(self, guard: Guard, verdict: Verdict, seconds: float) -> None:
        self.verdicts[guard] = verdict
        for sentence in verdict.wrong:
            print(f"UNNOTICED  {guard.name} in {guard.file}: {sentence}", flush=True)
        if not verdict.wrong:
            self.known.add(Known.NOTICED, guard)
            print(f"noticed    {guard.name} by {guard.package}: {', '.join(guard.tests)} ({seconds:.0f} s)", flush=True)

    def sum_up(self) -> int:
        wrong = sum(bool(verdict.wrong) for verdict in self.verdicts.values())
        left = len(self.left())
        print(f"{len(self.guards)} guards, {wrong} of them wrong; {len(self.earlier)} were noticed in earlier runs on the same tree")
        if left:
            print(f"{left} guards are left for want of time: the same command continues with them")
        return 1 if wrong else 3 if left else 0


def with_switches(guards: list[Guard]) -> tuple[dict[str, str], dict[str, list[Region]]]:
    """The files of the guards with a switch for each that can have one, and where the switches are in each."""
    files = {}
    regions = {}
    for name in dict.fromkeys(guard.file for guard in guards):
        variants = [Variant(guard.switch, guard.text, guard.without) for guard in guards if guard.file == name]
        files[name], regions[name] = switched(pathlib.Path(name).read_text(), variants)
    return files, regions


def main() -> int:
    arguments = argparse.ArgumentParser(allow_abbrev=False)
    arguments.add_argument("--fit", action="store_true")
    arguments.add_argument("--minutes", type=float)
    chosen = arguments.parse_args()
    guards = read_guards()
    problems = unfit(guards)
    for problem in problems:
        print("UNFIT ", problem)
    if problems or chosen.fit:
        return bool(problems)

    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).absolute()
    tree = target / "guards" / "tree"
    known = Known(target / "guards" / "known", copied.digest_of(copied.listed_files()))
    try:
        return Trials(guards, tree, Cargo(tree, target), known, chosen.minutes).run()
    except CannotTry as why:
        print(why)
        return 1


if __name__ == "__main__":
    sys.exit(main())
