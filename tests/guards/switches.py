"""Puts guards behind switches: what stands without a guard is compiled beside the code, and the environment chooses.

The body of a function with guards is repeated, once without each of them:

    fn is_known(&self) -> bool { if ::std::env::var_os("GUARD_OUT").is_some_and(|out| out == "a") { …without a… } else { …as it is… } }

So one build holds the code without each guard alone, and the tests of a guard run without it once `GUARD_OUT` has its name. Guards
outside of bodies, of constant functions, and of functions that return an opaque type (whose bodies would have different ones) have no
switch here; whether the rest compiles is for the compiler to say.
"""

import dataclasses
import re

VARIABLE = "GUARD_OUT"

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
    |(?P<block>/\*)
    |(?P<raw>\b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes))
    |(?P<string>\b[bc]?"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*")
    |(?P<char>'(?:[^'\\\n]|\\u\{[^}]*\}|\\.[^'\n]*)')
    |(?P<word>\w+)
    |(?P<arrow>->|=>)
    |(?P<sign>[^\s])""",
    re.VERBOSE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Token:
    text: str
    start: int


@dataclasses.dataclass(frozen=True)
class Body:
    """Where the body of a function is in its file, between its braces."""

    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Variant:
    """A guard of a file: its switch's name, its text, and what stands there without it."""

    switch: str
    text: str
    without: str


@dataclasses.dataclass(frozen=True)
class Region:
    """Lines of a file, the first and the last, and the switches without which they would be as they were.

    The code without a guard has the guard's own, and the code as it is, which follows, those of all guards in the body.
    """

    first: int
    last: int
    switches: tuple[str, ...]


def tokens(source: str) -> list[Token]:
    """The words and signs of Rust code, without its comments and literals."""
    found = []
    at = 0
    while match := TOKEN.search(source, at):
        at = match.end()
        if match["block"]:
            at = end_of_comment(source, match.start())
        elif match["word"] or match["arrow"] or match["sign"]:
            found.append(Token(match[0], match.start()))
    return found


def end_of_comment(source: str, start: int) -> int:
    """Where a block comment ends, which may hold others."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(source, start):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(source)


def bodies(source: str) -> list[Body]:
    """The bodies of functions, without those inside others, that can be repeated."""
    found = []
    code = tokens(source)
    at = 0
    while at < len(code):
        at += 1
        if code[at - 1].text != "fn" or at == len(code) or not re.fullmatch(r"\w+", code[at].text):
            continue
        opening = end_of_signature(code, at)
        if code[opening].text != "{":
            at = opening
            continue
        closing = matching(code, opening)
        signature = [token.text for token in code[at:opening]]
        if not is_constant(code, at - 1) and not is_opaque(signature):
            found.append(Body(code[opening].start + 1, code[closing].start))
        at = closing
    return found


def end_of_signature(code: list[Token], start: int) -> int:
    """Which token opens the body, or ends a function without one."""
    depth = 0
    for at in range(start, len(code)):
        text = code[at].text
        if text in "([":
            depth += 1
        elif text in ")]":
            depth -= 1
        elif depth == 0 and text in "{;":
            return at
    return len(code) - 1


def matching(code: list[Token], opening: int) -> int:
    """Which token closes the brace."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at].text, 0)
        if depth == 0:
            return at
    return len(code) - 1


def is_constant(code: list[Token], function: int) -> bool:
    """Whether the compiler may run the function, which has no environment."""
    before = [token.text for token in code[max(0, function - 3) : function]]
    while before and before[-1] in ("async", "unsafe", "extern"):
        before.pop()
    return before[-1:] == ["const"]


def is_opaque(signature: list[str]) -> bool:
    """Whether what is returned has no name, so that two bodies would return two types."""
    if "->" not in signature:
        return False
    depth = 0
    for at, text in enumerate(signature):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text, 0)
        if text == "->" and depth == 0:
            return "impl" in signature[at : signature.index("where") if "where" in signature else None]
    return False


def switched(source: str, variants: list[Variant]) -> tuple[str, list[Region]]:
    """The file with a switch for each guard that can have one, and where they are."""
    edits = []
    for body in bodies(source):
        inside = source[body.start : body.end]
        here = [variant for variant in variants if inside.count(variant.text) == 1]
        if here:
            edits.append((body, inside, here))
    text = ""
    regions = []
    at = 0
    for body, inside, here in edits:
        text += source[at : body.start]
        first = text.count("\n") + 1
        for variant in here:
            condition = f'::std::env::var_os("{VARIABLE}").is_some_and(|out| out == "{variant.switch}")'
            text += f" if {condition} {{{inside.replace(variant.text, variant.without)}\n}} else"
            last = text.count("\n") + 1
            regions.append(Region(first, last, (variant.switch,)))
            first = last
        text += f" {{{inside}\n}} "
        regions.append(Region(first, text.count("\n") + 1, tuple(variant.switch for variant in here)))
        at = body.end
    return text + source[at:], regions
