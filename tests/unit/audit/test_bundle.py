"""Evidence bundles: whole ones hold, every change of one is found, and the page is harmless whatever customers wrote."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from flowrun import wiring
from flowrun.adapters.journals.signing import find_signer
from flowrun.app import bundle as b
from flowrun.app.audit import Report, read_known_head, sign_store, verify
from flowrun.app.trail_reading import read_trails
from flowrun.errors import InputError, StoreError
from flowrun.journal.heads import read_known
from tests.unit.audit.trail_kit import EVENTS, HOSTILE, RUNS, copy_store, make_trail, opened, run_one

Lines = list[dict[str, Any]]
Change = Callable[[Lines, int], bool]


def export(folder: Path, place: Path, *, reveal: str | None = None, known: str = "", **chosen: Any) -> Path:
    """Export runs of the store in a folder."""
    heads = [read_known(known)] if known else []
    with opened(folder) as app:
        b.export(
            app, read_trails(app, reveal=reveal, **chosen), place, selection=dict(chosen), reveal=reveal, known=heads
        )
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trail(tmp_path_factory.mktemp("trail")).parent


@pytest.fixture(scope="module")
def sealed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(folder, tmp_path_factory.mktemp("bundles") / "sealed")


@pytest.fixture(scope="module")
def revealed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(folder, tmp_path_factory.mktemp("bundles") / "revealed", reveal="ana")


def run_ids(folder: Path) -> list[str]:
    with opened(folder) as app:
        return [trail.row.run for trail in read_trails(app)]


def read_lines(place: Path, name: str = b.EVENTS) -> Lines:
    return [json.loads(line) for line in (place / name).read_text().splitlines()]


def write_lines(place: Path, lines: Lines, name: str = b.EVENTS) -> None:
    (place / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


def sign_again(folder: Path, place: Path) -> None:
    """Make the manifest fit what is there, and sign it with the store's own key."""
    manifest = json.loads((place / b.MANIFEST).read_bytes())
    manifest["files"] = {
        path.relative_to(place).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in place.rglob("*")
        if path.is_file() and path.name not in (b.MANIFEST, b.SIGNATURE)
    }
    if b.EVENTS in manifest["files"]:
        manifest["events"] = len(read_lines(place))
    manifest["runs"] = len(read_lines(place, b.RUNS))
    content = json.dumps(manifest).encode()
    signer = find_signer(folder / "flowrun.db", make=False)
    assert signer is not None
    (place / b.MANIFEST).write_bytes(content)
    (place / b.SIGNATURE).write_text(signer.sign(b.SIGNED + content).hex())


def kinds(report: Report) -> set[str]:
    return {problem.kind for problem in report.problems}


def test_a_bundle_of_everything_holds(sealed: Path, revealed: Path) -> None:
    for place in (sealed, revealed):
        report = verify(place)
        assert (report.ok, report.events, report.runs, report.signed) == (True, EVENTS, RUNS, EVENTS), report.problems


def test_a_bundle_of_one_run_holds_without_the_other_events(folder: Path, tmp_path: Path) -> None:
    chosen = run_ids(folder)[5]
    place = export(folder, tmp_path / "one", runs=[chosen])
    report = verify(place)
    assert (report.ok, report.runs) == (True, 1)
    assert report.signed == report.events == len(read_lines(place))
    text = "".join(path.read_text() for path in place.rglob("*") if path.is_file())
    assert not any(run in text for run in run_ids(folder) if run != chosen)


def test_files_are_for_their_owner_alone(sealed: Path) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in sealed.rglob("*") if path.is_file()}
    assert modes == {0o600} and stat.S_IMODE(sealed.stat().st_mode) == 0o700


def test_only_an_owner_reveals_and_only_then_are_keys_in_it(
    folder: Path, sealed: Path, revealed: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        export(folder, tmp_path / "no", reveal="olga")
    assert caught.value.code == "FR3025" and not (tmp_path / "no" / b.MANIFEST).exists()
    assert not (sealed / b.KEYS).exists() and len(read_lines(revealed, b.KEYS)) == RUNS


def test_a_folder_that_holds_something_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        export(folder, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_bundle_that_was_not_finished_is_none(sealed: Path, tmp_path: Path) -> None:
    place = shutil.copytree(sealed, tmp_path / "half")
    (place / b.MANIFEST).unlink()
    with pytest.raises(StoreError, match="no whole bundle"):
        verify(place)


def turned(text: str | None, place: int) -> str:
    body = bytearray(b64decode(text or ""))
    body[len(body) * place // 8] ^= 1
    return b64encode(bytes(body)).decode()


def change_body(region: int) -> Change:
    def change(lines: Lines, at: int) -> bool:
        lines[at]["body"] = turned(lines[at]["body"], region)
        return True

    return change


def change_hash(lines: Lines, at: int) -> bool:
    lines[at]["hash"] = sha256(lines[at]["hash"].encode()).hexdigest()
    return True


def change_position(lines: Lines, at: int) -> bool:
    lines[at]["pos"] += 1
    return True


def delete(lines: Lines, at: int) -> bool:
    del lines[at]
    return True


def double(lines: Lines, at: int) -> bool:
    lines.insert(at, dict(lines[at]))
    return True


def swap(lines: Lines, at: int) -> bool:
    if at + 1 == len(lines):
        return False
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return True


def swap_bytes(lines: Lines, at: int) -> bool:
    if at + 1 == len(lines):
        return False
    for name in ("body", "hash"):
        lines[at][name], lines[at + 1][name] = lines[at + 1][name], lines[at][name]
    return True


def move(lines: Lines, at: int) -> bool:
    lines[at]["run"] = lines[at - 1]["run"] if lines[at]["seq"] == 1 else lines[(at + 20) % len(lines)]["run"]
    return True


def remake(lines: Lines, at: int) -> bool:
    """Change the bytes and make the hashes of the rest of the run fit; the attacker has the run's end fit, too."""
    lines[at]["body"] = turned(lines[at]["body"], 7)
    head = bytes(32) if lines[at]["seq"] == 1 else bytes.fromhex(lines[at - 1]["hash"])
    for line in lines[at:]:
        if line["run"] != lines[at]["run"]:
            break
        head = sha256(head + b64decode(line["body"])).digest()
        line["hash"] = head.hex()
    return True


CHANGES: dict[str, Change] = {
    **{f"bit {region}": change_body(region) for region in (0, 3, 7)},
    "hash": change_hash, "position": change_position, "delete": delete, "double": double, "swap": swap,
    "swap bytes": swap_bytes, "move": move, "remake": remake,
}  # fmt: skip


def check_changes(name: str, folder: Path, sealed: Path, tmp_path: Path, places: range) -> None:
    """Change each event of a bundle in turn; the holder of the key makes manifest and signature fit."""
    place = shutil.copytree(sealed, tmp_path / "changed")
    before, runs = read_lines(place), read_lines(place, b.RUNS)
    for at in places:
        lines = [dict(line) for line in before]
        if not CHANGES[name](lines, at):
            continue
        write_lines(place, lines)
        if name == "remake":
            ends = {line["run"]: line["hash"] for line in lines}
            write_lines(place, [{**run, "head": ends[run["run"]]} for run in runs], b.RUNS)
        assert {"file"} <= kinds(verify(place)), f"event {at}: without a new manifest"
        sign_again(folder, place)
        report = verify(place)
        assert not report.ok and "file" not in kinds(report), f"event {at}: with a new manifest"
        if name == "remake":
            assert kinds(report) <= {"head", "view", "changed"} and "head" in kinds(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_every_change_of_every_event_is_found(name: str, folder: Path, sealed: Path, tmp_path: Path) -> None:
    check_changes(name, folder, sealed, tmp_path, range(EVENTS))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found(name: str, folder: Path, sealed: Path, tmp_path: Path) -> None:
    check_changes(name, folder, sealed, tmp_path, range(0, EVENTS, 31))


def test_what_is_shown_is_bound_to_the_bytes_where_they_open(folder: Path, revealed: Path, tmp_path: Path) -> None:
    place = shutil.copytree(revealed, tmp_path / "changed")
    for at in range(0, EVENTS, 7):
        lines = read_lines(revealed)
        lines[at]["event"]["path"] += "x"
        lines[at + 1]["event"]["more"] = 1
        write_lines(place, lines)
        sign_again(folder, place)
        assert [(p.kind, p.seq) for p in verify(place).problems] == [
            ("view", line["seq"]) for line in lines[at : at + 2]
        ]


def test_without_keys_type_moment_and_path_are_bound(folder: Path, sealed: Path, tmp_path: Path) -> None:
    place = shutil.copytree(sealed, tmp_path / "changed")
    for name, value in (("type", "call.refused"), ("at", "2020-01-01T00:00:00.000000Z"), ("path", "other")):
        lines = read_lines(sealed)
        lines[9]["event"][name] = value
        write_lines(place, lines)
        sign_again(folder, place)
        assert kinds(verify(place)) == {"view"}, name


def test_every_file_is_watched(sealed: Path, tmp_path: Path) -> None:
    names = [path.relative_to(sealed).as_posix() for path in sealed.rglob("*") if path.is_file()]
    assert len(names) >= 10
    for name in names:
        place = shutil.copytree(sealed, tmp_path / "changed")
        (place / name).write_bytes((place / name).read_bytes() + b" ")
        report = verify(place)
        assert not report.ok or name == b.SIGNATURE, name  # white space around a signature is no change of it
        shutil.rmtree(place)
        place = shutil.copytree(sealed, tmp_path / "changed")
        (place / name).unlink()
        if name == b.MANIFEST:
            with pytest.raises(StoreError):
                verify(place)
        else:
            assert not verify(place).ok, name
        shutil.rmtree(place)
    place = shutil.copytree(sealed, tmp_path / "changed")
    (place / "more.html").write_text("x")
    assert kinds(verify(place)) == {"file"}


def test_a_forger_with_a_key_of_his_own_is_found_by_the_key_that_one_holds(
    folder: Path, sealed: Path, tmp_path: Path
) -> None:
    other = make_trail(tmp_path / "other", events=10).parent
    true_key = find_signer(folder / "flowrun.db", make=False)
    assert true_key is not None
    assert verify(sealed, keys=[true_key.public]).ok
    forged = export(other, tmp_path / "forged")
    assert verify(forged).ok
    assert {"key"} <= kinds(verify(forged, keys=[true_key.public]))


def test_a_run_that_was_taken_out_whole_is_missed(folder: Path, sealed: Path, tmp_path: Path) -> None:
    """Also where it was taken out of the list of runs: the manifest is signed."""
    place = shutil.copytree(sealed, tmp_path / "less")
    gone = run_ids(folder)[3]
    for name in (b.EVENTS, b.RUNS):
        write_lines(place, [line for line in read_lines(place, name) if line["run"] != gone], name)
    assert {"file", "cut"} <= kinds(verify(place))


def test_a_head_kept_elsewhere_is_proven_when_the_export_was_told_of_it(folder: Path, tmp_path: Path) -> None:
    mine = copy_store(folder / "flowrun.db", tmp_path / "store").parent
    for name in ("flowrun.yaml", "shop.py", "shop.tools.yaml", "refunds.policy.yaml", "refund.flow.yaml"):
        shutil.copy(folder / name, mine / name)
    shutil.copytree(folder / "schemas", mine / "schemas")
    kept = sign_store(mine / "flowrun.db")
    with opened(mine) as app:
        asyncio.run(run_one(app, mine, 1000, 20.0))
    chosen = {"runs": run_ids(folder)[:3]}
    without, told = export(mine, tmp_path / "1", **chosen), export(mine, tmp_path / "2", known=kept.short, **chosen)
    assert kinds(verify(told, known=[read_known_head(kept.short)])) == set()
    forged = f"{kept.events}:{'0' * 64}"
    assert kinds(verify(told, known=[read_known_head(forged)])) == {"known"}
    assert kinds(verify(without, known=[read_known_head(f"{kept.events - 1}:{'0' * 64}")])) == {"known"}


class Page(HTMLParser):
    """Everything of a page that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_harmless_and_complete(sealed: Path) -> None:
    text = (sealed / b.PAGE).read_text()
    page = Page()
    page.feed(text)
    assert not page.tags & {"script", "iframe", "object", "embed", "form", "img", "link", "b"}
    assert page.handlers == [] and all(link.startswith("#") for link in page.links)
    assert HOSTILE in page.text and HOSTILE not in text
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None and "default-src 'none'" in policy[1] and "unsafe" not in policy[1]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert f"'sha256-{b64encode(sha256(style[1].encode()).digest()).decode()}'" in policy[1]
    for said in ("too_much (refunds@3)", "Above 500 nobody refunds.", "ana (leads) said no", "Not this one."):
        assert said in page.text


def test_control_and_direction_characters_are_shown_and_not_obeyed(folder: Path, tmp_path: Path) -> None:
    from flowrun.app.bundle_page import Page as Made
    from flowrun.app.trail import Entry

    with opened(folder) as app:
        trail = next(read_trails(app))
    entry = Entry(run=trail.row.run, seq=1, at=trail.row.created, who="\u202eana", what="a\x1b[2Jb", type="x")
    page = Made(revealed=False)
    page.add(type(trail)(row=trail.row, stored=trail.stored, events=trail.events, entries=[entry]))
    text = page.render(made=trail.row.created, store="s", key="k", head="h")
    assert "\u202e" not in text and "\x1b" not in text and r"\u202eana" in text


def test_the_signature_is_over_one_line_and_the_manifest(sealed: Path) -> None:
    signature = bytes.fromhex((sealed / b.SIGNATURE).read_text().strip())
    public = wiring.read_public((sealed / b.PUBLIC_KEY).read_bytes(), "x")
    assert wiring.is_signed(b"flowrun bundle 1\n" + (sealed / b.MANIFEST).read_bytes(), signature, public)
