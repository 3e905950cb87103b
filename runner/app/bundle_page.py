"""The page of an evidence bundle: what happened in its runs, for a person with a browser and nothing else.

Owns: what the page shows and how it is kept harmless: no script, a policy that forbids any, every text escaped. The layout is
`bundle_page.html`; what an entry says is `app.trail`'s.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from pathlib import Path

import msgspec

from flowrun.app import words
from flowrun.app.trail import Entry, rule_words
from flowrun.app.trail_reading import RunTrail

MOST_RUNS = 300
"""More runs would make a page that no browser shows; all are in events.jsonl."""
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_FILE = Path(__file__).with_name("bundle_page.html")
_STYLE = Path(__file__).with_name("bundle_page.css")


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    run: str
    flow: str
    outcome: str
    started: str
    plan: str
    erased: str | None
    entries: list[Entry]


class Page:
    """The page while its runs come in. `revealed`: personal fields are shown on it."""

    def __init__(self, *, revealed: bool) -> None:
        self._revealed = revealed
        self._runs: list[_Run] = []
        self._not_done: list[Entry] = []
        self._outcomes: Counter[str] = Counter()
        self._events = 0

    def add(self, trail: RunTrail) -> None:
        """Add a run."""
        row = trail.row
        outcome = row.outcome or row.status
        self._outcomes[outcome] += 1
        self._events += len(trail.stored)
        if len(self._runs) < MOST_RUNS:
            self._runs.append(
                _Run(
                    run=row.run,
                    flow=f"{row.flow}@{row.version}",
                    outcome=outcome,
                    started=row.created,
                    plan=row.plan,
                    erased=row.erased,
                    entries=trail.entries,
                )
            )
            self._not_done += [entry for entry in trail.entries if entry.not_done]

    def render(self, *, made: str, store: str, key: str, head: str) -> str:
        """Return the page."""
        # Imported only now: nothing else of a run needs it, and it is not light.
        from jinja2 import Environment, StrictUndefined

        style = _STYLE.read_text(encoding="utf-8")
        made_of = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        made_of.filters["safe_text"] = lambda text: _UNSAFE.sub(lambda found: ascii(found.group())[1:-1], str(text))
        made_of.filters["moment"] = words.moment
        made_of.filters["rules"] = rule_words
        return made_of.from_string(_FILE.read_text(encoding="utf-8")).render(
            style=style, style_digest=b64encode(sha256(style.encode()).digest()).decode(), made=made, store=store, key=key,
            head=head, revealed=self._revealed, runs=self._runs, not_done=self._not_done, events=self._events,
            outcomes=sorted(self._outcomes.items()), count=sum(self._outcomes.values()),
        )  # fmt: skip
