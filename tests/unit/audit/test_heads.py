"""The tree over all events, signed heads, keys, and what `verify` says of them."""

from __future__ import annotations

import os
import stat
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.adapters.journals import signing
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.adapters.journals.sqlite_derived import DERIVED
from flowrun.adapters.journals.sqlite_heads import DUE_EVENTS, DUE_SECONDS
from flowrun.adapters.journals.sqlite_schema import connect_empty
from flowrun.app.audit import read_known_head, sign_store, verify_store
from flowrun.core import events as ev
from flowrun.errors import ConfigError, InputError, StoreError
from flowrun.journal import merkle
from flowrun.journal.heads import read_head
from flowrun.ports.journal import Append
from tests.unit.audit.trail_kit import copy_store, edited, make_trail

AT = "2026-03-02T09:00:00.000000Z"


def digest(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 6962's definition, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + by_the_book(leaves[:k]) + by_the_book(leaves[k:])).digest()


@given(st.integers(1, 40), st.integers(0, merkle.BLOCK - 1))
def test_the_growing_tree_is_the_one_by_the_book(blocks: int, rest: int) -> None:
    hashes = [digest(number) for number in range((blocks - 1) * merkle.BLOCK + rest + 1)]
    tree = merkle.Tree()
    for hash in hashes:
        tree.add(hash)
    leaves = [merkle.leaf(b"".join(hashes[i : i + merkle.BLOCK])) for i in range(0, len(hashes), merkle.BLOCK)]
    assert tree.root() == by_the_book(leaves) == merkle.root_of(leaves)
    assert tree.events == len(hashes)


@given(st.integers(1, 70), st.data())
def test_a_proof_gives_the_root_and_nothing_else_does(count: int, data: st.DataObject) -> None:
    leaves = [digest(number) for number in range(count)]
    wanted = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    proof = merkle.prove(leaves, wanted)
    known = {place: leaves[place] for place in wanted}
    root = merkle.root_of(leaves)
    assert merkle.proven_root(count, known, proof) == root
    place = data.draw(st.sampled_from(sorted(wanted)))
    assert merkle.proven_root(count, {**known, place: digest(-1)}, proof) != root
    assert merkle.proven_root(count, known, [*proof, digest(0)]) is None
    for missing in range(len(proof)):
        assert merkle.proven_root(count, known, proof[:missing] + proof[missing + 1 :]) != root


def started(run: str) -> ev.RunStarted:
    return ev.RunStarted(run=run, flow="f", version=1, plan="p", input={}, key=run, at=AT)


def one_run(journal: SqliteJournal, run: str, events: int = 1) -> None:
    opened = journal.open_run(started(run), owner="me")
    assert opened.claim is not None
    notes = [ev.StepFailed(path=str(n), at=AT, step="s", fault=ev.Fault(kind="tool", message="m"), on_error="continue")
             for n in range(events)]  # fmt: skip
    end = ev.RunFinished(path="", at=AT, outcome="completed")
    assert journal.commit([Append(run=run, epoch=1, events=[*notes, end])])[0].ok


def test_the_end_of_a_run_signs_at_intervals(tmp_path: Path) -> None:
    file, now = tmp_path / "s.db", [1_772_442_000.0]
    journal = SqliteJournal(file, wall=lambda: now[0])
    one_run(journal, "a")
    assert verify_store(file, tables=False).heads == 0
    one_run(journal, "b", DUE_EVENTS)
    assert verify_store(file, tables=False).heads == 1
    one_run(journal, "c")
    assert verify_store(file, tables=False).heads == 1
    now[0] += DUE_SECONDS + 1
    one_run(journal, "d")
    report = verify_store(file, tables=False)
    assert (report.heads, report.signed, report.ok) == (2, report.events, True)


def test_a_head_made_from_the_one_before_is_that_made_from_all_events(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    journal = SqliteJournal(file)
    for number, events in enumerate([1, 300, 3, 800, 256 - 2, 1]):
        one_run(journal, f"r{number}", events)
        journal.sign()
        report = verify_store(file, tables=False)
        assert (report.ok, report.signed) == (True, report.events)
    assert journal.sign() is None


def test_peaks_that_somebody_changed_lead_to_no_wrong_head(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    journal = SqliteJournal(file)
    one_run(journal, "a", 600)
    journal.sign()
    with edited(file) as db:
        db.execute("UPDATE heads SET peaks = zeroblob(length(peaks))")
    one_run(journal, "b")
    journal.sign()
    assert verify_store(file, tables=False).ok


def test_a_store_with_a_gap_is_not_signed(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    journal = SqliteJournal(file)
    one_run(journal, "a")
    with edited(file) as db:
        db.execute("DELETE FROM events WHERE pos = 2")
    with pytest.raises(StoreError, match="events are missing") as caught:
        journal.sign()
    assert caught.value.code == "FR5020"


def test_a_key_that_cannot_be_used_stops_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWRUN_SIGNING_KEY", str(tmp_path / "nothing.pem"))
    file = tmp_path / "s.db"
    journal = SqliteJournal(file)
    one_run(journal, "a", DUE_EVENTS)
    monkeypatch.delenv("FLOWRUN_SIGNING_KEY")
    assert verify_store(file, tables=False).heads == 0
    monkeypatch.setenv("FLOWRUN_SIGNING_KEY", str(tmp_path / "nothing.pem"))
    with pytest.raises(ConfigError) as caught:
        journal.sign()
    assert caught.value.code == "FR2035"


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = signing.find_signer(tmp_path / "s.db", make=True)
    again = signing.find_signer(tmp_path / "s.db", make=True)
    assert first is not None and again is not None and first.public == again.public
    assert stat.S_IMODE(os.stat(signing.key_file(tmp_path / "s.db")).st_mode) == 0o600  # noqa: PTH116
    assert [path.name for path in tmp_path.iterdir()] == ["s.db.signing.pem"]
    assert signing.find_signer(tmp_path / "other.db", make=False) is None


def test_a_key_of_the_environment_may_be_a_file_or_the_pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = signing.find_signer(tmp_path / "s.db", make=True)
    file = signing.key_file(tmp_path / "s.db")
    assert made is not None
    for value in (str(file), file.read_text(), file.read_text().replace("\n", "\\n")):
        monkeypatch.setenv("FLOWRUN_SIGNING_KEY", value)
        found = signing.find_signer(tmp_path / "other.db", make=False)
        assert found is not None and found.id == made.id


def test_openssl_checks_a_signature_of_ours(tmp_path: Path) -> None:
    """A second opinion on what is signed; left out where there is no openssl with Ed25519."""
    signer = signing.find_signer(tmp_path / "s.db", make=True)
    assert signer is not None
    for name, data in (("key", signing.public_pem(signer.public)), ("data", b"x"), ("sig", signer.sign(b"x"))):
        (tmp_path / name).write_bytes(data)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "data", "-sigfile", "sig"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no openssl")
    if "rawin" in done.stderr:
        pytest.skip("this openssl is too old")
    assert "Verified Successfully" in done.stdout, done.stderr


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return make_trail(tmp_path / "trail", events=40)


def kinds(file: Path) -> set[str]:
    return {problem.kind for problem in verify_store(file).problems}


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE heads SET signature = zeroblob(64)", "signature"),
        ("UPDATE heads SET runs = runs + 1", "signature"),
        ("UPDATE heads SET at = '2020-01-01T00:00:00Z'", "signature"),
        ("UPDATE heads SET digest = zeroblob(32)", "signature"),
        ("UPDATE heads SET events = events - 1", "signature"),
        ("UPDATE heads SET public_key = zeroblob(32)", "key"),
        ("DELETE FROM heads", "head"),
        ("UPDATE meta SET value = zeroblob(16) WHERE name = 'store'", "head"),
    ],
)
def test_a_changed_head_is_found(sql: str, kind: str, trail: Path) -> None:
    with edited(trail) as db:
        db.execute(sql)
    assert kinds(trail) == {kind}


def test_heads_signed_anew_with_another_key_are_found(trail: Path, tmp_path: Path) -> None:
    """Somebody without the key changes events, makes all chains anew, and signs with a key of his own."""
    public = tmp_path / "public.pem"
    signer = signing.find_signer(trail, make=False)
    assert signer is not None
    public.write_bytes(signing.public_pem(signer.public))
    signing.key_file(trail).unlink()
    with edited(trail) as db:
        db.execute("DELETE FROM heads")
    sign_store(trail)
    assert verify_store(trail).ok, "the key beside the store is the forger's"
    report = verify_store(trail, keys=[signer.public])
    assert {problem.kind for problem in report.problems} == {"key"} and report.signed == 0


def test_a_head_kept_elsewhere_finds_what_the_holder_of_store_and_key_made_anew(trail: Path, tmp_path: Path) -> None:
    kept = sign_store(trail)
    with edited(trail) as db:
        db.execute("DELETE FROM heads")
        db.execute("UPDATE events SET pos = -1 WHERE pos = 9")
        db.execute("UPDATE events SET pos = 9 WHERE pos = 8")
        db.execute("UPDATE events SET pos = 8 WHERE pos = -1")
    file = tmp_path / "head.json"
    file.write_bytes(kept.line)
    for known in (kept.short, kept.line.decode(), str(file)):
        found = verify_store(trail, known=[read_known_head(known)], tables=False).problems
        assert "known" in {problem.kind for problem in found}


def test_a_head_of_another_store_or_of_the_future_is_no_head_of_this_one(trail: Path, tmp_path: Path) -> None:
    other = make_trail(tmp_path / "other", events=60)
    known = read_known_head(sign_store(other).line.decode())
    assert "another store" in verify_store(trail, known=[known]).problems[0].problem
    known = read_known_head(sign_store(other).short)
    assert "covers more than there is" in verify_store(trail, known=[known]).problems[0].problem


@pytest.mark.parametrize("text", ["", "12", "12:ab", "{}", '{"store": 1}', "[1]", "\x00" * 300, "12:" + "g" * 64])
def test_what_is_no_head_is_told_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_known_head(text)
    assert caught.value.code == "FR3090"


def test_a_line_of_a_head_is_read_as_it_was_written(trail: Path) -> None:
    line = sign_store(trail).line
    assert signing.head_is_signed(read_head(line))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE runs SET outcome = 'failed' WHERE n = 2",
        "UPDATE runs SET flow = 'other' WHERE n = 2",
        "DELETE FROM records WHERE n = 1",
        "UPDATE records SET seq = 1 WHERE n = 1",
        "UPDATE inbox SET action = 'approve' WHERE action = 'reject'",
        "DELETE FROM inbox",
        "INSERT INTO waits (n, path) VALUES (1, 'x')",
        "DELETE FROM rights",
        "INSERT INTO naturals (key, n, write, seq) VALUES (x'00', 1, 'w', 1)",
        "INSERT INTO counters (counter, at, amount, n, path) VALUES (x'00', '', 5, 1, 'x')",
    ],
)
def test_a_table_that_disagrees_with_the_journal_is_a_problem_of_its_own_kind(sql: str, trail: Path) -> None:
    with edited(trail) as db:
        assert db.execute(sql).rowcount
    assert kinds(trail) == {"table"}
    assert verify_store(trail, tables=False).ok


def test_every_table_about_runs_is_compared() -> None:
    """A new table with a run's number in it is derived from events: name it in `sqlite_derived.DERIVED`."""
    db = connect_empty()
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    about_runs = {t for t in tables if any(column[1] == "n" for column in db.execute(f"PRAGMA table_info({t})"))}
    assert about_runs - {"events", "runs", "keys"} == set(DERIVED)


def test_a_plan_that_was_changed_or_removed_is_found(trail: Path) -> None:
    with edited(trail) as db:
        db.execute("UPDATE plans SET body = body || ' '")
    assert kinds(trail) == {"plan"}
    with edited(trail) as db:
        db.execute("DELETE FROM plans")
    assert kinds(trail) == {"plan"}


def test_a_run_that_lost_all_its_events_or_its_row_is_found(trail: Path, tmp_path: Path) -> None:
    first, second = copy_store(trail, tmp_path / "1"), copy_store(trail, tmp_path / "2")
    with edited(first) as db:
        db.execute("DELETE FROM events WHERE n = 2")
    assert kinds(first) == {"removed", "cut"}
    with edited(second) as db:
        db.execute("DELETE FROM runs WHERE n = 2")
    assert kinds(second) == {"foreign"}


def test_a_copy_on_a_disk_that_cannot_be_written_is_checked_where_it_lies(trail: Path, tmp_path: Path) -> None:
    place = tmp_path / "cd"
    copy = copy_store(trail, place)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    for path in [*place.iterdir(), place]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert verify_store(copy).ok
        assert {
            path.name: path.read_bytes() for path in place.iterdir() if path.suffix in (".db", ".pem", ".key")
        } == before
    finally:
        place.chmod(0o700)


def test_two_programs_sign_one_store_once(tmp_path: Path) -> None:
    one, other = (SqliteJournal(tmp_path / "s.db", wall=lambda: 1_772_442_000.0) for _ in range(2))
    one_run(one, "a")
    assert one.sign() is not None and other.sign() is None
    one_run(one, "b")
    assert other.sign() is not None and one.sign() is None
    report = verify_store(tmp_path / "s.db", tables=False)
    assert (report.ok, report.heads) == (True, 2)


def test_a_store_of_before_heads_is_checked_and_one_of_a_newer_program_is_not(trail: Path) -> None:
    signing.key_file(trail).unlink()
    with edited(trail) as db:
        db.execute("DROP TABLE heads")
        db.execute("DELETE FROM meta WHERE name = 'store'")
    report = verify_store(trail)
    assert (report.ok, report.heads, report.signed, report.store) == (True, 0, 0, "")
    with edited(trail) as db:
        db.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreError) as caught:
        verify_store(trail)
    assert caught.value.code == "FR5003"


@pytest.mark.parametrize("column", ["body", "hash", "seq", "path", "phase", "n"])
def test_a_column_of_any_type_is_a_finding_and_no_defect(column: str, trail: Path) -> None:
    for value in ("'text'", "x'00ff'", "-7", "1.5"):
        with edited(trail) as db:
            old = db.execute(f"SELECT {column} FROM events WHERE pos = 20").fetchone()[0]
            db.execute(f"UPDATE events SET {column} = {value} WHERE pos = 20")
        assert not verify_store(trail).ok, value
        with edited(trail) as db:
            db.execute(f"UPDATE events SET {column} = ? WHERE pos = 20", (old,))
    assert verify_store(trail).ok


@pytest.mark.parametrize("column", ["events", "runs", "digest", "previous", "at", "key_id", "public_key", "signature"])
def test_a_column_of_a_head_of_any_type_is_a_finding_and_no_defect(column: str, trail: Path) -> None:
    values = ("-7", "0", "99999") if column == "events" else ("'text'", "x'00ff'", "-7", "1.5")
    for value in values:
        with edited(trail) as db:
            old = db.execute(f"SELECT {column} FROM heads").fetchone()[0]
            db.execute(f"UPDATE heads SET {column} = {value}")
        assert not verify_store(trail).ok, value
        with edited(trail) as db:
            db.execute(f"UPDATE heads SET {column} = ?", (old,))
    assert verify_store(trail).ok
