#!/usr/bin/env python3
"""Tests of how guards are taken out: the switches in Rust code, the verdicts, and what is kept between runs. Nothing is built.

Whole runs are tried on made trees of guards, some of which no test notices, with a cargo that reads the copy of the tree as the compiler
and the tests would.
"""

import contextlib
import io
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest
from collections.abc import Iterator

import copied
from cargo import CannotTry, Error, errors_of
from copied import Known
from guard import Guard
from remove import Trials
from switches import VARIABLE, Region, Variant, bodies, matching, switched, tokens
from trial import Ran, Verdict, broken, judge

MARK = f'if ::std::env::var_os("{VARIABLE}").is_some_and(|out| out == "'


def active(source: str, switch: str | None) -> str:
    """The code that runs when the environment names the switch."""
    code = ""
    while MARK in source:
        before, source = source.split(MARK, 1)
        chosen, source = chosen_arm(source, switch)
        code += before.removesuffix(" ") + chosen
    return code + source


def chosen_arm(rest: str, switch: str | None) -> tuple[str, str]:
    """What runs of the arms of which the first switch's name begins the text, and what follows all of them."""
    arms = {}
    while True:
        name, rest = rest.split('")', 1)
        arms[name], rest = block(rest)
        rest = rest.removeprefix(" else")
        if not rest.startswith(f" {MARK}"):
            break
        rest = rest.removeprefix(f" {MARK}")
    otherwise, rest = block(rest)
    return arms.get(switch or "", otherwise), rest.removeprefix(" ")


def block(rest: str) -> tuple[str, str]:
    """What is in the block that begins the text, and what follows it."""
    code = tokens(rest)
    end = code[matching(code, 0)].start
    return rest[code[0].start + 1 : end].removesuffix("\n"), rest[end + 1 :]


@contextlib.contextmanager
def working_in(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class Switches(unittest.TestCase):
    def check(self, source: str, *texts: tuple[str, str]) -> list[Region]:
        """Each switch leads to the code without its guard, and no switch to the code as it was."""
        variants = [Variant(f"s{number}", text, without) for number, (text, without) in enumerate(texts)]
        changed, regions = switched(source, variants)
        placed = {switch for region in regions for switch in region.switches}
        self.assertEqual(active(changed, None), source)
        for variant in variants:
            if variant.switch in placed:
                self.assertEqual(active(changed, variant.switch), source.replace(variant.text, variant.without))
        return regions

    def test_every_guard_of_a_body_has_its_own_copy(self) -> None:
        source = "fn a(x: u8) -> bool {\n    x > 1 && x < 9\n}\nfn b() -> bool { true }\n"
        regions = self.check(source, ("x > 1", "true"), ("x < 9", "true"), ("{ true", "{ false"), ("true }", "false }"))
        self.assertEqual(regions, [Region(1, 4, ("s0",)), Region(4, 7, ("s1",)), Region(7, 10, ("s0", "s1"))])

    def test_signs_in_comments_and_literals_are_no_code(self) -> None:
        source = (
            "// fn no() {\n/* fn no() { /* { */ */\nfn a<'a>(x: &'a str) -> char {\n    let y = \"}\\\"}\"; let z = r#\"}\"}\"#;\n"
            "    let b = b\"}\"; let c = (b'}', '\\'', '}', '\\u{7d}'); // }\n    guard(x, y, z, b, c)\n}\nfn b() { other() }\n"
        )
        regions = self.check(source, ("guard(x", "free(x"), ("other()", "{}"))
        self.assertEqual([region.switches for region in regions], [("s0",), ("s0",), ("s1",), ("s1",)])

    def test_functions_inside_others_are_part_of_them(self) -> None:
        source = "fn a() { fn b() { inner() } outer(); || { closure() } }"
        regions = self.check(source, ("inner()", "{}"), ("outer();", ""), ("closure()", "1"))
        self.assertEqual([region.switches for region in regions], [("s0",), ("s1",), ("s2",), ("s0", "s1", "s2")])

    def test_what_cannot_be_repeated_has_no_switch(self) -> None:
        for source in [
            "const LIMIT: u8 = guard();",
            "const fn a() -> u8 { guard() }",
            "pub const unsafe fn a() -> u8 { guard() }",
            "fn a(x: u8) -> impl Iterator<Item = u8> { guard() }",
            "fn a() -> Result<impl Fn(u8) -> u8, ()> where u8: Copy { guard() }",
            "trait A { fn a(x: [u8; 2]) -> u8; } #[guard()] struct B { x: fn(u8) -> u8 }",
        ]:
            with self.subTest(source):
                self.assertEqual(self.check(source, ("guard()", "7")), [])

    def test_what_only_looks_as_if_it_could_not_has_one(self) -> None:
        for source in [
            "fn a(f: impl Fn(u8) -> u8) -> u8 { guard() }",
            "async fn a<T>(x: T) -> u8 where T: Into<Option<u8>> { guard() }",
            "fn a(f: fn() -> u8) -> Box<dyn Fn() -> u8> { guard() }",
            "impl A for B { fn a() { guard() } const C: u8 = 1; fn b() {} }",
            "const D: u8 = 1; fn a() { guard() }",
        ]:
            with self.subTest(source):
                self.assertTrue(self.check(source, ("guard()", "7")))

    def test_code_that_ends_too_early_ends_the_search(self) -> None:
        self.assertEqual(len(bodies("fn a() { /* ")), 1)
        self.assertEqual(bodies("fn a("), [])


class Verdicts(unittest.TestCase):
    GUARD = Guard("name", "file", "text", "", "package", ("one", "two"))

    def judged(self, without: set[str], within: set[str]) -> Verdict:
        return judge(self.GUARD, lambda _package, test, switch: Ran(test in (without if switch else within), "printed"))

    def test_every_test_must_fail_without_and_pass_with_the_guard(self) -> None:
        self.assertEqual(self.judged({"one", "two"}, set()).wrong, ())
        self.assertEqual(self.judged({"one"}, set()).wrong, ("two passes without it",))
        self.assertEqual(self.judged(set(), set()).wrong, ("one passes without it", "two passes without it"))
        self.assertEqual(self.judged({"one", "two"}, {"two"}).wrong, ("two fails although every guard is there\nprinted",))

    def test_errors_refuse_the_switches_where_they_point(self) -> None:
        regions = {"a.rs": [Region(3, 9, ("a", "b")), Region(10, 12, ("c",))], "b.rs": [Region(1, 1, ("d",))]}
        self.assertEqual(broken([("a.rs", 9), ("c.rs", 1), ("b.rs", 2)], regions), {"a", "b"})
        self.assertEqual(broken([("a.rs", 2), ("a.rs", 13)], regions), set())

    def test_errors_are_read_with_all_their_places(self) -> None:
        def span(file: str, line: int, expansion: dict | None = None) -> dict:
            return {"file_name": file, "line_start": line, "expansion": expansion}

        def said(level: str, message: str, spans: list[dict], children: list[dict]) -> str:
            told = {"level": level, "message": message, "spans": spans, "children": children, "rendered": None}
            return json.dumps({"reason": "compiler-message", "manifest_path": "/tree/shared/x/Cargo.toml", "message": told})

        inner = span("m.rs", 1, {"span": span("a.rs", 7)})
        child = {"level": "note", "message": "", "spans": [span("b.rs", 4)], "children": []}
        lines = [said("error", "no", [inner], [child]), said("warning", "", [inner], []), '{"reason":"build-finished"}', "text"]
        places = frozenset({("m.rs", 1), ("a.rs", 7), ("b.rs", 4)})
        self.assertEqual(errors_of("\n".join(lines), pathlib.Path("/tree")), [Error("shared/x", places, "no")])


class World:
    """Guards of many kinds in a tree, and a cargo that knows how their tests would end."""

    PACKAGES = ("low", "high")

    def __init__(self, seed: int, count: int) -> None:
        chance = random.Random(seed)
        self.guards: list[Guard] = []
        kinds: dict[str, set[Guard]] = {}
        for number in range(count):
            package = chance.choice(self.PACKAGES)
            text = f"guard_{number}();"
            guard = Guard(f"g{number}", f"{package}/f{number % 7}.rs", text, f"free_{number}();", package, (f"test_{number}",))
            self.guards.append(guard)
            # As few of the others as there are in reality.
            drawn = chance.random()
            names = ("unseen", "unreached", "refused", "outside", "unbuilt", "sensitive")
            kinds.setdefault(names[int(drawn * 30)] if drawn < len(names) / 30 else "seen", set()).add(guard)
        self.unseen = kinds.get("unseen", set())  # no test notices
        self.unreached = kinds.get("unreached", set())  # what runs never sees the environment
        self.refused = kinds.get("refused", set())  # the compiler refuses the switch
        self.outside = kinds.get("outside", set())  # not in a body
        self.unbuilt = kinds.get("unbuilt", set())  # without it nothing builds
        self.sensitive = kinds.get("sensitive", set())  # its test fails as soon as the environment names any guard
        # Whose test fails only while another is out as well: nobody notices that this one alone is.
        both = chance.sample(sorted(kinds.get("seen", set()), key=lambda guard: guard.name), 2)
        self.unseen = self.unseen | {both[0]}
        self.builds = 0

    @property
    def wrong(self) -> set[Guard]:
        return self.unseen | self.unbuilt

    def source(self, file: str) -> str:
        here = [guard for guard in self.guards if guard.file == file]
        inside = [f"fn f{number}() {{\n    {guard.text}\n}}\n" for number, guard in enumerate(here) if guard not in self.outside]
        return "".join(inside) + "".join(f"const X: u8 = {guard.text}\n" for guard in here if guard in self.outside)

    @contextlib.contextmanager
    def tree(self) -> Iterator[pathlib.Path]:
        """A repository with the sources, which is the working folder as long."""
        with tempfile.TemporaryDirectory() as folder, working_in(folder):
            subprocess.run(["git", "init", "--quiet"], check=True)
            pathlib.Path(".gitignore").write_text("/target\n")
            for file in {guard.file for guard in self.guards}:
                pathlib.Path(file).parent.mkdir(exist_ok=True)
                pathlib.Path(file).write_text(self.source(file))
            yield pathlib.Path(folder, "target")


class MadeCargo:
    """What `Cargo` would do with the copy of a made tree."""

    def __init__(self, world: World, tree: pathlib.Path, deadline: int | None = None) -> None:
        self.world = world
        self.tree_folder = tree
        self.runs = 0
        self.deadline = deadline

    def order(self) -> dict[str, int]:
        return {package: number for number, package in enumerate(World.PACKAGES)}

    def read(self, file: str) -> str:
        return (self.tree_folder / file).read_text()

    def build(self, _packages: list[str]) -> list[Error]:
        self.world.builds += 1
        refused = self.world.refused | self.world.unbuilt
        switched_now = [guard for guard in refused if f'"{guard.switch}"' in self.read(guard.file)]
        # The compiler tells first what is wrong in the package that others need.
        first = [guard for guard in switched_now if guard.package == "low"] or switched_now
        return [Error(guard.package, frozenset({(guard.file, self.line_of(guard))}), "refused") for guard in first]

    def line_of(self, guard: Guard) -> int:
        lines = self.read(guard.file).split("\n")
        return next(number for number, line in enumerate(lines, 1) if guard.without in line)

    def keep_executables(self, _packages: list[str]) -> None:
        pass

    def build_alone(self, package: str) -> str | None:
        self.world.builds += 1
        broken_now = [guard for guard in self.world.unbuilt if guard.package == package and self.is_out(guard, None)]
        return "refused" if broken_now else None

    def is_out(self, guard: Guard, switch: str | None) -> bool:
        functions = self.read(guard.file).split("\nfn ")
        its_own = next(function for function in functions if guard.text in function or guard.without in function)
        return guard.text not in active(its_own, switch)

    def run_kept(self, package: str, test: str, switch: str | None) -> Ran:
        guard = self.guard_of(test)
        reached = None if guard in self.world.unreached else switch
        return Ran(guard in self.world.sensitive or self.fails(guard, reached))

    def run_alone(self, _package: str, test: str, _switch: str | None) -> Ran:
        return Ran(self.fails(self.guard_of(test), None))

    def fails(self, guard: Guard, switch: str | None) -> bool:
        self.runs += 1
        if self.deadline is not None and self.runs > self.deadline:
            raise CannotTry("interrupted")
        return guard not in self.world.unseen and self.is_out(guard, switch)

    def guard_of(self, test: str) -> Guard:
        return next(guard for guard in self.world.guards if test in guard.tests)


def try_all(world: World, target: pathlib.Path, minutes: float | None = None, deadline: int | None = None) -> tuple[int, Trials, str]:
    """The code with which a run ends, the run, and what it printed."""
    tree = target / "guards/tree"
    tree.mkdir(parents=True, exist_ok=True)
    known = Known(target / "guards/known", copied.digest_of(copied.listed_files()))
    trials = Trials(world.guards, tree, MadeCargo(world, tree, deadline), known, minutes)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            code = trials.run()
        except CannotTry:
            code = 1
    return code, trials, printed.getvalue()


class Runs(unittest.TestCase):
    def test_whatever_guards_there_are_exactly_the_unnoticed_are_found(self) -> None:
        for seed in range(20):
            world = World(seed, 60)
            with self.subTest(seed), world.tree() as target:
                code, trials, printed = try_all(world, target)
                self.assertEqual({guard for guard, verdict in trials.verdicts.items() if verdict.wrong}, world.wrong)
                self.assertEqual(set(trials.verdicts), set(world.guards))
                self.assertEqual(code, 1)
                for guard in world.guards:
                    self.assertEqual(f"UNNOTICED  {guard.name} in {guard.file}: " in printed, guard in world.wrong)
                    self.assertEqual(f"noticed    {guard.name} by {guard.package}: " in printed, guard not in world.wrong)
                # What was tried alone was tried in the tree as it is.
                for file in {guard.file for guard in world.guards}:
                    self.assertEqual((target / "guards/tree" / file).read_text(), pathlib.Path(file).read_text())

    def test_only_what_no_switch_decides_costs_a_build(self) -> None:
        world = World(1, 690)
        with world.tree() as target:
            try_all(world, target)
        alone = world.wrong | world.unreached | world.refused | world.outside | world.sensitive
        # One build of all for each round of refusals, and one of each package before guards of it are tried alone.
        self.assertLessEqual(world.builds, len(alone) + 3 + len(World.PACKAGES))

    def test_an_interrupted_run_continues(self) -> None:
        world = World(2, 60)
        with world.tree() as target:
            code, first, _ = try_all(world, target, deadline=50)
            self.assertEqual(code, 1)
            self.assertTrue(first.verdicts)
            code, second, _ = try_all(world, target)
            self.assertTrue(second.earlier)
            self.assertFalse(second.earlier & set(second.verdicts))
            self.assertEqual(second.earlier | set(second.verdicts), set(world.guards))
            # What went unnoticed is tried again, and told again: alone at once.
            builds = world.builds
            code, third, printed = try_all(world, target)
            self.assertLessEqual(world.builds - builds, len(world.wrong) + len(World.PACKAGES))
            self.assertEqual(set(third.verdicts), world.wrong)
            self.assertEqual(code, 1)
            self.assertIn(f"{len(world.guards)} guards, {len(world.wrong)} of them wrong", printed)

    def test_another_tree_or_another_line_is_tried_anew(self) -> None:
        world = World(3, 30)
        with world.tree() as target:
            try_all(world, target)
            pathlib.Path("another.rs").write_text("fn a() {}")
            self.assertEqual(try_all(world, target)[1].earlier, set())
            pathlib.Path("another.rs").unlink()
            guard = world.guards[0]
            world.guards[0] = Guard(guard.name, guard.file, guard.text, "other();", guard.package, guard.tests)
            self.assertNotIn(world.guards[0], try_all(world, target)[1].earlier)

    def test_documents_that_no_code_names_may_change(self) -> None:
        world = World(6, 30)
        world.unseen = world.unbuilt = set()
        with world.tree() as target:
            pathlib.Path("named.rs").write_text('const READ: &str = include_str!("docs/read.md");\n')
            pathlib.Path("docs").mkdir()
            pathlib.Path("docs/read.md").write_text("as it is")
            self.assertEqual(try_all(world, target)[0], 0)
            for unread in ("docs/unread.md", "CHANGES.md", "tests/soak/run"):
                pathlib.Path(unread).parent.mkdir(parents=True, exist_ok=True)
                pathlib.Path(unread).write_text("new")
            self.assertEqual(try_all(world, target)[1].earlier, set(world.guards))
            pathlib.Path("docs/read.md").write_text("changed")
            self.assertEqual(try_all(world, target)[1].earlier, set())

    def test_a_run_that_only_tries_alone_keeps_the_copy(self) -> None:
        world = World(7, 60)
        with world.tree() as target:
            try_all(world, target)
            places = [target / "guards/tree" / file for file in {guard.file for guard in world.guards}]
            for place in places:
                os.utime(place, (1, 1))
            changed = {guard.file for guard in world.wrong}
            try_all(world, target)
            for place in places:
                if str(place.relative_to(target / "guards/tree")) not in changed:
                    self.assertEqual(place.stat().st_mtime, 1, place)

    def test_nothing_begins_after_the_time_is_over(self) -> None:
        world = World(4, 30)
        world.unseen = world.unbuilt = set()
        with world.tree() as target:
            code, trials, printed = try_all(world, target, minutes=0)
            self.assertEqual((code, trials.verdicts, world.builds), (3, {}, 0))
            self.assertIn("30 guards are left for want of time", printed)
            self.assertEqual(try_all(world, target)[0], 0)
            self.assertEqual(try_all(world, target, minutes=0)[0], 0)

    def test_a_tree_that_does_not_build_is_no_guards_fault(self) -> None:
        world = World(5, 30)

        class Broken(MadeCargo):
            def build(self, _packages: list[str]) -> list[Error]:
                return [Error("elsewhere", frozenset({("elsewhere/a.rs", 1)}), "refused")]

        with world.tree() as target:
            known = Known(target / "known", "")
            with self.assertRaises(CannotTry), contextlib.redirect_stdout(io.StringIO()):
                Trials(world.guards, target / "tree", Broken(world, target / "tree"), known, None).run()

    def test_an_unchanged_file_keeps_its_time(self) -> None:
        with tempfile.TemporaryDirectory() as folder, working_in(folder):
            pathlib.Path("a").write_text("a")
            pathlib.Path("b").write_text("b")
            place = pathlib.Path("copy")
            copied.lay(place, ["a", "b"], {})
            os.utime(place / "a", (1, 1))
            os.utime(place / "b", (1, 1))
            copied.lay(place, ["a", "b"], {"b": "c"})
            self.assertEqual((place / "a").stat().st_mtime, 1)
            self.assertNotEqual((place / "b").stat().st_mtime, 1)
            copied.lay(place, ["a"], {})
            self.assertFalse((place / "b").exists())


if __name__ == "__main__":
    unittest.main()
