"""What a model may see of marked values: the value, a token in its place, or nothing.

Owns: turning values into tokens and back. A token is the same for the same value and person, so that a model can tell
two addresses apart without knowing either. Keys are the journal's part; where messages are masked is
`runtimes.dispatch`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flowrun.privacy.forms import formed
from flowrun.privacy.marks import SECRET, Found
from flowrun.privacy.scrub import Scrubber

Json = Any
DIGITS = 8
"""Of a token's name; more where two values would have the same one."""


def not_told(value: Json, rules: Mapping[str, str]) -> str:
    """Return the first word in a value that stands for something a model may not see, empty where there is none.

    Asked of what a model proposes after its tokens were turned back: one that is left stands for nothing.
    """
    kinds = "|".join(
        re.escape(kind) for kind in {**rules, SECRET: "deny"} if rules.get(kind) != "allow" or kind == SECRET
    )
    pattern = re.compile(rf"\[(?:{kinds})(?:-[0-9a-f]{{{DIGITS},}})?\]")
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            if found := pattern.search(part):
                return found[0]
        elif isinstance(part, dict):
            stack += [*part.values(), *part]
        elif isinstance(part, list | tuple):
            stack += part
    return ""


class Masking:
    """Masks one request and turns tokens of its reply back.

    `rules` say `allow`, `token` or `deny` by kind; what they do not name is allowed, and secrets never are. `pseudonym`
    gives bytes that stand for a text.
    """

    def __init__(
        self, known: Iterable[Found], rules: Mapping[str, str], pseudonym: Callable[[str], bytes], said: Json = None
    ) -> None:
        """`said`: where addresses and phone numbers are looked for that no schema marks, where their kind is not allowed."""
        self.known = list(known)
        self._rules = {**rules, SECRET: "deny"}
        self._pseudonym = pseudonym
        self._tokens: dict[str, Found] = {}
        self._names: dict[str, str] = {}
        hidden = [item for item in self.known if self._rules.get(item.kind, "allow") != "allow"]
        kinds = {kind for kind, rule in self._rules.items() if rule != "allow"}
        self._scrubber = Scrubber([*hidden, *formed(said, kinds)], self._stand_in)

    def out(self, value: Json) -> Json:
        """Return what the model gets to see of a value."""
        return self._scrubber.value(value)

    def back(self, value: Json) -> Json:
        """Return a value of the reply with its tokens turned back."""
        if isinstance(value, str):
            if value in self._tokens:
                return self._tokens[value].value
            for token, item in self._tokens.items():
                value = value.replace(token, str(item.value))
            return value
        if isinstance(value, dict):
            return {name: self.back(item) for name, item in value.items()}
        return [self.back(item) for item in value] if isinstance(value, list | tuple) else value

    def _stand_in(self, item: Found) -> str:
        if self._rules[item.kind] != "token":
            return f"[{item.kind}]"
        name = f"{item.kind}\0{item.value}"
        if name not in self._names:
            mark = self._pseudonym(name).hex()
            length = DIGITS
            while f"[{item.kind}-{mark[:length]}]" in self._tokens:
                length += 1
            self._names[name] = f"[{item.kind}-{mark[:length]}]"
            self._tokens[self._names[name]] = item
        return self._names[name]
