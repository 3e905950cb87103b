"""What YAML's own errors mean, in plain words, and how to mend them.

Owns: turning one syntax error of libyaml into a finding with the right place, a hint and a fix. The traps are the ones
that people fall into: expressions in braces, text after a quoted text, tabs, a colon in a text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs leave it out of __all__

from flowrun.errors import Diagnostic
from flowrun.lang.codes import diagnostic
from flowrun.lang.source import Source
from flowrun.words import mark, t

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}|\$\{\{[^,\n]*")
_KEY = re.compile(r"\s*(?:- +)*[\"']?[\w.@-]+[\"']?\s*:\s")


def explain(source: Source, error: Any) -> Diagnostic:
    """Return the finding for an exception of PyYAML."""
    place, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it is no YAML")
    at = min(place.index if place is not None else 0, len(source.text))
    opened = context.index if context is not None else at
    if "nesting depth" in problem:
        return diagnostic("too-deep", t("Far too many brackets stand inside each other."), source.span(at, at + 1))
    for look in (_tabs, _runaway, _either_or, _expression, _after_quote, _unclosed, _cut_above, _colon, _start):
        found = look(source, problem, at, opened)
        if found is not None:
            return found
    return _plain(source, problem, at, opened)


def quoted(text: str) -> str:
    """Return the text in the quotes that need the least escaping."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _tabs(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    for place in (at, opened):
        start = source.starts[source.position(place)[0] - 1]
        indent = re.match(r"[ \t]*", source.text[start:])
        if indent is not None and "\t" in indent.group():
            return diagnostic(
                "tab-indentation",
                t("This line is indented with a tab; YAML allows only spaces."),
                source.span(start, start + indent.end()),
                help=t("Use two spaces for each level; most editors can convert tabs to spaces."),
                fix=_spaces(source, source.position(place)[0], indent.group()),
            )
    return None


def _spaces(source: Source, number: int, indent: str) -> str:
    """Return the indentation that was meant: two spaces for a tab, and as the line above wants it."""
    usual = indent.replace("\t", "  ")
    above = next((line for at in range(number - 1, 0, -1) if (line := source.line(at)).strip()), "")
    if "\t" in above[: len(above) - len(above.lstrip())]:
        return usual
    depth = len(above) - len(above.lstrip())
    # What follows a key without a value is inside it; what follows a value is never further in.
    if re.search(r":\s*(#.*)?\Z", above):
        return usual if len(usual) > depth else " " * (depth + 2)
    return usual if len(usual) <= depth else " " * depth


def _runaway(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    """A quote that is never closed ends at the next one, many lines on, where the mistake then seems to be."""
    if "did not find expected" not in problem and "end of stream" not in problem:
        return None
    last: Any = None
    scanner = CParser(source.text)
    try:
        while not isinstance(token := scanner.get_token(), yaml.StreamEndToken) and token is not None:
            last = token if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"') else last
    except yaml.YAMLError:
        pass
    if last is None or last.end_mark.index > at or not re.search(r"\n *(?:- )?[\w-]+:(?: |\n)", _raw(source, last)):
        return None
    start = last.start_mark.index
    return diagnostic(
        "unclosed-quote",
        t("The text that starts here with {sign} goes on over the lines below.", sign=last.style),
        source.span(start, start + 1),
        help=t("Put {sign} at its end. An apostrophe inside '…' is written twice: ''.", sign=last.style),
    )


def _raw(source: Source, token: Any) -> str:
    return source.text[token.start_mark.index : token.end_mark.index]


def _either_or(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    """`${{ a ? b : c }}`: YAML takes the colon for a key, and the expressions have no such sign anyway."""
    if "mapping values are not allowed" not in problem:
        return None
    number, column = source.position(at)
    line, start = source.line(number), source.starts[number - 1]
    for match in _EXPRESSION.finditer(line):
        sign = match.group().find(" ? ")
        if match.start() < column <= match.end() and sign >= 0:
            place = start + match.start() + sign + 1
            return diagnostic(
                "operator",
                t("`?` is not used here."),
                source.span(place, place + 1),
                help=t("Write `A if CONDITION else B`."),
            )
    return None


def _expression(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    """`{a: ${{ x }}}`: the braces of the expression close the map."""
    number, column = source.position(at)
    line, start = source.line(number), source.starts[number - 1]
    for match in _EXPRESSION.finditer(line):
        before = line[: match.start()].rstrip()
        if match.start() <= column and before[-1:] in (":", ",", "[", "{", "-"):
            return diagnostic(
                "unquoted-expression",
                t("Inside { } or [ ] an expression needs quotes: YAML takes its braces for a map."),
                source.span(start + match.start(), start + match.end()),
                help=t("Put quotes around the whole ${{ … }}."),
                fix=quoted(match.group()),
            )
    return None


def _after_quote(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    """`when: "vip" in tags`: YAML stops after the quoted text."""
    number, column = source.position(at)
    line, start = source.line(number), source.starts[number - 1]
    match = re.search(r"(\"[^\"]*\"|'[^']*')[ \t]*\Z", line[: column - 1])
    if match is None or "did not find expected" not in problem:
        return None
    rest = line[column - 1 :]
    if not rest.strip() or rest[0] in ",]}":
        return None
    sign = match.group(1)[0]
    if rest[0].isalnum() and match.end(1) == match.end():
        # Only an apostrophe of a text that ends further on is surely one.
        doubled = sign * 2 if sign == "'" and sign in rest else None
        return diagnostic(
            "unclosed-quote",
            t("The {sign} before `{word}` ends the text.", sign=sign, word=rest.split()[0]),
            source.span(start + column - 2, start + column - 1),
            help=t("Put quotes of the other kind around the text, or write an apostrophe twice inside '…'."),
            fix=doubled,
        )
    inside = source.text[opened : opened + 1] in ("{", "[")
    end = re.search(r"[,}\]]|\s#" if inside else r"\s#|\Z", rest)
    stop = column - 1 + (end.start() if end else len(rest))
    text = line[match.start() : stop].rstrip()
    return diagnostic(
        "text-after-quote",
        t("YAML stops reading after the quoted text, so what follows it is lost."),
        source.span(start + match.start(), start + match.start() + len(text)),
        help=t("Put quotes around the whole value, of the other kind."),
        fix=quoted(text),
    )


def _unclosed(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    sign = source.text[opened : opened + 1]
    if "end of stream" in problem and sign in "\"'" and sign:
        return diagnostic(
            "unclosed-quote",
            t("The text that starts here with {sign} never ends.", sign=sign),
            source.span(opened, opened + 1),
            help=t("Put {sign} at its end. An apostrophe inside '…' is written twice: ''.", sign=sign),
        )
    if sign and sign in "[{" and "did not find expected ','" in problem:
        closing = "]" if sign == "[" else "}"
        return diagnostic(
            "unclosed-bracket",
            t(
                "The {sign} that opens here is not closed where YAML expects `,` or `{closing}`.",
                sign=sign,
                closing=closing,
            ),
            source.span(opened, opened + 1),
            help=t(
                "Close it with {closing}, or put quotes around a text that holds brackets, commas or colons.",
                closing=closing,
            ),
            related=((source.span(at, at + 1), t("unexpected here")),),
        )
    if "expected node content" in problem:
        where = opened if sign and sign in "[{" else at
        return diagnostic(
            "unclosed-bracket",
            t("A value is missing here, or a bracket is not closed."),
            source.span(where, where + 1),
            help=t("Close every [ with ] and every { with }."),
        )
    return None


def _cut_above(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    """A ` #` in a text of several lines ends it, and YAML stumbles over the next line."""
    number = source.position(at)[0]
    above = source.line(number - 1)
    match = re.search(r" #\S.*", above)
    if match is None or not ("could not find expected ':'" in problem or "expected key" in problem):
        return None
    start = source.starts[number - 2]
    return diagnostic(
        "text-cut",
        t("` #` starts a comment, so this text ends before it."),
        source.span(start + match.start() + 1, start + match.end()),
        help=t("Write the text as a block: `|` after the key and the text in the lines below."),
    )


def _colon(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    if "mapping values are not allowed" not in problem:
        return None
    number, column = source.position(at)
    line, start = source.line(number), source.starts[number - 1]
    key = _KEY.match(line)
    if key is not None and key.end() < column:
        value = re.sub(r"\s#.*\Z", "", line[key.end() :]).strip()
        begin = start + line.index(value, key.end()) if value else at
        return diagnostic(
            "colon-in-text",
            t("YAML takes the colon in this text for a key."),
            source.span(begin, begin + len(value)),
            help=t("Put quotes around the whole text."),
            fix=quoted(value),
        )
    return diagnostic(
        "wrong-indentation",
        t("This line is indented further than the one it belongs to."),
        source.span(start + len(line) - len(line.lstrip()), start + column),
        help=t("Keys of one map start in the same column."),
    )


def _start(source: Source, problem: str, at: int, opened: int) -> Diagnostic | None:
    if "alphabetic or numeric" in problem:
        at = opened
    elif "cannot start any token" not in problem:
        return None
    sign = source.text[at : at + 1]
    number, column = source.position(at)
    text = re.sub(r"\s#.*\Z", "", source.line(number)[column - 1 :]).rstrip()
    return diagnostic(
        "needs-quotes",
        t("A text may not start with the sign {sign} in YAML.", sign=sign),
        source.span(at, at + len(text)),
        help=t("Put quotes around the text."),
        fix=None if re.search(r"[\[{]", source.line(number)[: column - 1]) else quoted(text),
    )


_WORDS = (
    (
        r"block sequence entries are not allowed",
        mark("A list item (`- …`) may not stand here."),
        mark("Start the list in the line below its key."),
    ),
    (
        r"did not find expected '-' indicator",
        mark("This line does not fit the list above it."),
        mark("Items of one list start in the same column, each with `- `; keys of an item start in one column too."),
    ),
    (
        r"did not find expected key",
        mark("This line does not fit the keys above it."),
        mark("Keys of one map start in the same column, each as `name: value`; put quotes around unusual texts."),
    ),
    (
        r"could not find expected ':'",
        mark("A key without its `:`."),
        mark("Write `name: value`, or indent a text that goes on."),
    ),
    (
        r"unknown escape character",
        mark('A backslash in "…" starts a special sign, and this one does not exist.'),
        mark("Write \\\\ for a backslash, or use '…' in place of \"…\"."),
    ),
    (
        r"expected comment or line break",
        mark("A text after | or > starts in the next line."),
        mark("Move the text to the lines below, indented."),
    ),
    (
        r"alias|anchor",
        mark("`*` and `&` at the start of a value are signs of YAML."),
        mark("Put quotes around the text."),
    ),
)


def _plain(source: Source, problem: str, at: int, opened: int) -> Diagnostic:
    if "could not find expected ':'" in problem:
        at = opened
    for pattern, message, hint in _WORDS:
        if re.search(pattern, problem):
            return diagnostic("yaml-syntax", t(message), source.span(at, at + 1), help=t(hint))
    return diagnostic(
        "yaml-syntax",
        t("YAML cannot be read here: {problem}.", problem=problem),
        source.span(at, at + 1),
        help=t("Check indentation, quotes and brackets of this line and the one above."),
    )
