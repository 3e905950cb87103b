"""Whether the halts, forgettings and missing keys of a SQLite store are those that its facts tell of.

Owns: comparing the tables `halts`, `forgettings`, `keys` and what stands of erasure in `runs` and `records` with the facts. The
chain of the facts themselves is `flowrun.journal.facts`' part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from flowrun.adapters.journals.sqlite_facts import remains_digest
from flowrun.journal.facts import Fact, Forgotten, Halted, Lifted
from flowrun.journal.verify import Problems
from flowrun.words import t

_HALTS = "SELECT pos, what, at, by, reason, until, lifted_at, lifted_by FROM halts"
_FORGETTINGS = "SELECT at, by, runs, records FROM forgettings"
_ODD_RUNS = """SELECT r.n, r.run, r.erased, k.n IS NOT NULL, coalesce(substr(CAST(e.body AS TEXT), 1, 7), '') = '{"v":1,'
    FROM runs r LEFT JOIN keys k ON k.n = r.n LEFT JOIN events e ON e.n = r.n AND e.seq = 1
    WHERE r.erased IS NOT NULL OR k.n IS NULL
        OR EXISTS (SELECT 1 FROM records c WHERE c.n = r.n AND c.remains IS NOT NULL)"""


def check_tables_of_facts(db: sqlite3.Connection, facts: Sequence[Fact], problems: Problems) -> None:
    """Compare, and note what the facts do not tell of."""
    _check_halts(db, facts, problems)
    said = sorted((f.at, f.by, len(f.runs), f.records) for f in facts if isinstance(f, Forgotten))
    rows = db.execute(_FORGETTINGS).fetchall()
    wrong = len(set(said) ^ set(rows)) or abs(len(said) - len(rows))
    if wrong:
        problems.note(
            "fact",
            t("the table forgettings does not say what the facts of the store say ({wrong} rows differ)", wrong=wrong),
        )
    _check_forgotten(db, facts, problems)


def _check_halts(db: sqlite3.Connection, facts: Sequence[Fact], problems: Problems) -> None:
    said: dict[int, tuple[object, ...]] = {}
    for fact in facts:
        if isinstance(fact, Halted):
            said[fact.number] = (fact.what, fact.at, fact.by, fact.reason, fact.until, None, "")
        elif isinstance(fact, Lifted):
            said.update({n: (*said[n][:5], fact.at, fact.by) for n in fact.halts if n in said})
    there = {row[0]: tuple(row[1:]) for row in db.execute(_HALTS)}
    for number in sorted(said.keys() | there.keys()):
        was, now = said.get(number), there.get(number)
        if now is None:
            problems.note("fact", t("halt {number} is missing, which the facts of the store tell of", number=number))
        elif was is None:
            problems.note(
                "fact",
                t("halt {number} ({now}) was never made: no fact of the store tells of it", number=number, now=now[0]),
            )
        elif was != now:
            problems.note(
                "fact", t("halt {number} ({was}) is not what the facts of the store say", number=number, was=was[0])
            )


def _check_forgotten(db: sqlite3.Connection, facts: Sequence[Fact], problems: Problems) -> None:
    forgotten = {run: fact for fact in reversed(facts) if isinstance(fact, Forgotten) for run in fact.runs}
    there = set()
    for n, run, erased, has_key, in_clear in db.execute(_ODD_RUNS).fetchall():
        there.add(run)
        fact = forgotten.get(run)
        if fact is None:
            if not has_key and not in_clear:
                problems.note("erased", t("its keys are missing although nobody was forgotten"), run)
            if erased is not None:
                problems.note("erased", t("it is marked as forgotten although nobody was forgotten"), run)
        elif has_key:
            problems.note("erased", t("its person was forgotten, and a key of it is in the store again"), run)
        elif erased != fact.at:
            problems.note(
                "erased",
                t("its person was forgotten at {at}; the table runs says {erased}", at=fact.at, erased=repr(erased)),
                run,
            )
        _check_remains(db, n, run, {} if fact is None else fact.runs[run], problems)
    for run in sorted(forgotten.keys() - there):
        row = db.execute("SELECT 1 FROM runs WHERE run = ?", (run,)).fetchone()
        what = "is not in the store" if row is None else "can be read again"
        problems.note("erased", t("its person was forgotten, and the run {what}", what=what), run)


def _check_remains(db: sqlite3.Connection, n: int, run: str, said: dict[str, str], problems: Problems) -> None:
    rows = db.execute("SELECT id, CAST(remains AS BLOB) FROM records WHERE n = ?", (n,)).fetchall()
    there = {str(id): remains_digest(remains) for id, remains in rows if remains is not None}
    for id in sorted(there.keys() | said.keys()):
        if id not in said:
            problems.note(
                "erased", t("record {name} has remains, as if its person was forgotten, and nobody was", name=id), run
            )
        elif there.get(id) != said[id]:
            problems.note(
                "erased", t("what remains of record {name} is not what was kept at the forgetting", name=id), run
            )
