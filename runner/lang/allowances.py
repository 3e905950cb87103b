"""Comments that allow a finding: `# flowrun: allow FR1414 reason="…" until=2027-01-31`.

Owns: finding these comments in the text of a file, which lines each covers, and what is wrong with the comment itself.
YAML's parser drops comments, so its tokens only say where none can stand. JSON has none; a schema file says it for itself as
a whole, in `$comment`. Whether a finding is allowed is `lint`'s part.
"""

from __future__ import annotations

import re
from datetime import date

import msgspec
import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs leave it out of __all__

from flowrun.errors import Diagnostic, Edit, Span
from flowrun.lang.codes import allowable, diagnostic, entry
from flowrun.lang.source import Source
from flowrun.words import t

LINE, FILE = "allow", "allow-file"
EXAMPLE = '# flowrun: allow FR1414 reason="The desk removes duplicates." until=2027-01-31'
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#+[ \t]*flowrun:[ \t]*(\S+)[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_JSON = re.compile(r'"\$comment"\s*:\s*"\s*flowrun:[ \t]*([^\s"]+)[ \t]*((?:[^"\\\n]|\\.)*?)[ \t]*(?=")')
_MEANT = re.compile(r"al+ow\S*|ignore\S*|disable\S*|suppress\S*|noqa\S*", re.IGNORECASE)
_PART = re.compile(r"""(?P<key>\w+)[ \t]*=[ \t]*(?P<value>"[^"]*"|'[^']*'|[^\s,]*)|(?P<word>[^\s,]+)|,""")
_CODE = re.compile(r"FR\d{4}")


class Code(msgspec.Struct, frozen=True):
    """A code in a comment, its place, and the change that takes it out."""

    code: str
    span: Span
    edit: Edit


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One comment that allows findings.

    `codes` are those that it may allow. `first` and `last` are the lines that it covers; both are 0
    where it covers the file. `until` is the last day (YYYY-MM-DD) on which it holds; `edit` takes the comment away, where
    that can be done without a look at what stands around it.
    """

    span: Span
    codes: tuple[Code, ...]
    reason: str
    until: str | None
    first: int
    last: int
    edit: Edit | None

    def covers(self, span: Span) -> bool:
        """Return whether a finding at a place of this file is meant."""
        return span.file == self.span.file and (not self.first or self.first <= span.line <= self.last)


def allowances(source: Source) -> tuple[list[Allowance], list[Diagnostic]]:
    """Return the comments of a file that allow something, and the findings about such comments."""
    if "flowrun:" not in source.text:
        return [], []
    json = source.file.endswith(".json")
    pattern = _JSON if json else _COMMENT
    candidates = [m for m in pattern.finditer(source.text) if _MEANT.fullmatch(m[1]) or _CODE.search(m[2])]
    if not candidates:
        return [], []
    scalars = [] if json else _scalars(source.text)
    found: list[Allowance] = []
    problems: list[Diagnostic] = []
    for match in candidates:
        if _is_comment(source.text, match.start(), scalars):
            allowance = _Comment(source, match, problems).read(scalars)
            if allowance is not None:
                found.append(allowance)
    return found, problems


def _scalars(text: str) -> list[tuple[int, int, str | None]]:
    """The start, end and style of every text value; of a file that is no YAML, those before the mistake."""
    parser = CParser(text)
    found = []
    try:
        while True:
            token = parser.get_token()
            if token is None or isinstance(token, yaml.StreamEndToken):
                break
            if isinstance(token, yaml.ScalarToken):
                found.append((token.start_mark.index, token.end_mark.index, token.style))
    except yaml.YAMLError:
        pass
    return found


def _is_comment(text: str, at: int, scalars: list[tuple[int, int, str | None]]) -> bool:
    for start, end, style in scalars:
        if start <= at < end:
            # After the | or > of a block of text a comment may stand.
            return style in ("|", ">") and "\n" not in text[start:at]
    return True


class _Comment:
    """Reads one comment; what is wrong with it goes into `problems`."""

    def __init__(self, source: Source, match: re.Match[str], problems: list[Diagnostic]) -> None:
        self.source, self.match, self.problems = source, match, problems
        self.json = source.file.endswith(".json")
        self.span = source.span(match.start(), match.end())
        self.reason: str | None = None
        self.until: str | None = None
        self.codes: list[Code] = []

    def read(self, scalars: list[tuple[int, int, str | None]]) -> Allowance | None:
        before = len(self.problems)
        word = self.match[1]
        if word not in (LINE, FILE):
            message = t("`{word}` is no word of such a comment.", word=word)
            self.say("allow-form", message, help=t("Write: {example}", example=EXAMPLE))
            return None
        if self.json and word != FILE:
            message = t("A JSON file has no lines for comments, so `allow` allows nothing here.")
            self.say("allow-form", message, help=t("Write `allow-file`; it counts for the whole file."))
            return None
        if not self.parts():
            return None
        if not self.codes and len(self.problems) == before:
            message = t("This comment names no finding.")
            self.say("allow-form", message, help=t("Write the code: {example}", example=EXAMPLE))
        if self.reason is None or not self.reason.strip():
            message = t("This comment gives no reason, so it allows nothing.")
            self.say("allow-reason", message, help=t('Add reason="…": why is this right here?'))
            return None
        first, last = (0, 0) if word == FILE else self.lines(scalars)
        if word == FILE and not self.json and not self.on_top():
            message = t("`allow-file` stands below the first line of the file's content, so it allows nothing.")
            help = t("Move it to the top of the file, or write `allow` for one line.")
            self.say("allow-form", message, help=help)
            return None
        codes = tuple(code for code in self.codes if self.possible(code))
        if not codes or any(d.rule == "allow-date" for d in self.problems[before:]):
            return None
        return Allowance(
            span=self.span,
            codes=codes,
            reason=self.reason.strip(),
            until=self.until,
            first=first,
            last=last,
            edit=None if self.json else self.without(),
        )

    def parts(self) -> bool:
        """Read codes, reason and date; return whether the comment is well formed."""
        start = self.match.start(2)
        for part in _PART.finditer(self.match[2]):
            place = self.source.span(start + part.start(), start + part.end())
            key, value = part["key"], part["value"]
            if part["word"] is not None:
                if not self.code(part["word"], start + part.start()):
                    return False
            elif key == "reason" and self.reason is None and value[:1] in ('"', "'"):
                self.reason = value[1:-1]
            elif key == "until" and self.until is None:
                self.date(value.strip("\"'"), place)
            elif key is not None:
                again = {"reason": self.reason, "until": self.until}.get(key)
                message = t("`{key}` stands twice.", key=key)
                if again is None:
                    message = t("`{text}` cannot be read here.", text=part.group())
                help = t('Write reason="…" with quotes, and until=YYYY-MM-DD: {example}', example=EXAMPLE)
                self.say("allow-form", message, place, help=help)
                return False
        return True

    def code(self, word: str, start: int) -> bool:
        """Note a code; return whether the rest of the comment can be read."""
        end = start + len(word)
        place, known = self.source.span(start, end), entry(word)
        if known is not None and known.code == word:
            gap = re.compile(r"[ \t]*,?[ \t]*").match(self.source.text, end)
            assert gap is not None
            self.codes.append(Code(word, place, Edit(self.source.span(start, gap.end()), "")))
        elif known is not None:
            message = t("`{word}` is {code}.", word=word, code=known.code)
            self.say("allow-unknown", message, place, help=t("Write the code."), fix=known.code)
        elif _CODE.fullmatch(word.upper()) or re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
            help = t("Write the code that `flowrun lint` shows at the end of the finding.")
            self.say("allow-unknown", t("There is no finding {code}.", code=word), place, help=help)
        else:
            message = t("`{text}` cannot be read here.", text=word)
            self.say("allow-form", message, place, help=t("Write: {example}", example=EXAMPLE))
            return False
        return True

    def date(self, text: str, place: Span) -> None:
        try:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                raise ValueError
            self.until = date.fromisoformat(text).isoformat()
        except ValueError:
            message = t("`{day}` is no day of the calendar.", day=text)
            self.say("allow-date", message, place, help=t("Write year, month and day: until=2027-01-31"))

    def possible(self, code: Code) -> bool:
        known = entry(code.code)
        if known is None or allowable(code.code, known.severity):
            return True
        self.problems.append(not_possible(code))
        return False

    def on_top(self) -> bool:
        above = self.source.text[: self.match.start()].split("\n")
        return all(not line.strip() or line.lstrip().startswith(("#", "---", "%")) for line in above)

    def lines(self, scalars: list[tuple[int, int, str | None]]) -> tuple[int, int]:
        """The lines that the comment covers: its own, or the next one below; with the whole of a text on them."""
        number = self.span.line
        if not self.source.line(number)[: self.span.column - 1].strip():
            number += 1
            while self.source.line(number).lstrip().startswith("#"):
                number += 1
        first = last = number
        for start, end, _ in scalars:
            begins, ends = self.source.position(start)[0], self.source.position(max(start, end - 1))[0]
            if begins <= number <= ends and number in (begins, ends):
                first, last = min(first, begins), max(last, ends)
        return first, last

    def without(self) -> Edit:
        """The change that takes the comment away, with its line where nothing else stands there."""
        line = self.source.line(self.span.line)
        before = line[: self.span.column - 1].rstrip()
        file, number = self.span.file, self.span.line
        if not before:
            return Edit(Span(file, number, 1, number + 1, 1), "")
        return Edit(Span(file, number, len(before) + 1, number, len(line) + 1), "")

    def say(self, rule: str, message: str, place: Span | None = None, *, help: str, fix: str | None = None) -> None:
        self.problems.append(diagnostic(rule, message, place or self.span, help=help, fix=fix))


def not_possible(code: Code) -> Diagnostic:
    """Return the finding about a comment that names a finding which nobody may allow."""
    known = entry(code.code)
    title = t(known.title) if known is not None else ""
    message = t("{code} cannot be allowed: {title}.", code=code.code, title=title)
    help = t(
        "It says that the file cannot be used as it is, so mend it. Advice about a flow that works can be allowed."
    )
    if code.code.startswith("FR17"):
        help = t("Mend the comment that it is about.")
    return diagnostic("allow-not-possible", message, code.span, help=help)
