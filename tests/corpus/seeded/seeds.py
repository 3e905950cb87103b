"""Seeded mistakes: a whole workspace without findings, and one change that an author could have made.

Owns: reading the `*.txt` beside this file, and making the broken workspace of a seed. What lint must say is the seed's own
`rule` and place, written before anybody looked at what lint says. `python tests/corpus/seeded/seeds.py NAME DIR` writes one.

A seed is a patch: ` ` and `?` lines stand in the file already, `-` lines go, `+` and `!` lines come. The finding belongs to
the line with `?` or `!`, else to one of the first lines with `+` that stand together. `@@` begins another place, `@@ at` a
place in the file named by `at:`.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flowrun.app.init import create

HERE = Path(__file__).parent
TEMPLATES = ("refund_request", "support_to_ticket")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One mistake. `at` is the file in which the finding belongs; `fix` says whether there is one right repair."""

    family: str
    name: str
    file: str
    rule: str
    at: str
    fix: bool
    places: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @property
    def slug(self) -> str:
        """The name of its golden file."""
        return "".join(char if char.isalnum() else "_" for char in self.name)

    @property
    def base(self) -> str:
        """The workspace that is broken: `office`, or the name of a template."""
        return self.file.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Broken:
    """A workspace with one mistake: its files by name, the changed file before and after, and the seeded lines."""

    files: dict[str, bytes]
    before: str
    after: str
    file: str
    lines: range


def seeds() -> list[Seed]:
    """Return every seed of every family."""
    found = []
    for source in sorted(HERE.glob("*.txt")):
        for part in source.read_text(encoding="utf-8").split("\n== ")[1:]:
            name, _, rest = part.partition("\n")
            found.append(_seed(source.stem, name.strip(), rest.split("\n")))
    return found


def _seed(family: str, name: str, lines: list[str]) -> Seed:
    head: dict[str, str] = {}
    while lines and lines[0] and lines[0][0] not in " -+?!@\t" and ": " in lines[0]:
        key, _, value = lines.pop(0).partition(": ")
        head[key] = value
    places: list[tuple[str, list[tuple[str, str]]]] = [("", [])]
    for line in lines:
        if line.startswith("@@"):
            places.append((line[2:].strip(), []))
        else:
            places[-1][1].append((line[:1] or " ", line[1:]))
    for _, block in places:
        while block and block[-1] == (" ", ""):
            block.pop()
    return Seed(
        family=family,
        name=name,
        file=head["file"],
        rule=head["rule"],
        at=head.get("at", head["file"]),
        fix=head.get("fix") == "yes",
        places=tuple((where, tuple(block)) for where, block in places if block),
    )


@functools.cache
def workspace(base: str) -> dict[str, bytes]:
    """Return the files of a base by name; that of a template is what `flowrun init` writes."""
    if base not in TEMPLATES:
        return _files(HERE / base)
    with tempfile.TemporaryDirectory() as folder:
        create(Path(folder), base)
        return _files(Path(folder))


def _files(root: Path) -> dict[str, bytes]:
    files = (file for file in sorted(root.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}


def _inside(path: str) -> str:
    base, _, rest = path.partition("/")
    return f"flows/{path}" if base in TEMPLATES else rest


def broken(seed: Seed) -> Broken:
    """Return the workspace of a seed. Raises `ValueError` where its patch fits nowhere, or in several places."""
    files = dict(workspace(seed.base))
    names = {"": _inside(seed.file), "at": _inside(seed.at)}
    texts = {name: [(line, "") for line in files[name].decode().split("\n")] for name in names.values()}
    for where, block in seed.places:
        texts[names[where]] = _changed(seed, texts[names[where]], block)
    signs = {sign for where, block in seed.places for sign, _ in block}
    wanted = next(sign for sign in ("!", "?", "+") if sign in signs)
    # A place in another file is only named, never changed.
    at = names["at"]
    signs_of = [sign for _, sign in texts[at]]
    first = last = signs_of.index(wanted)
    while wanted == "+" and last + 1 < len(signs_of) and signs_of[last + 1] == "+":
        last += 1
    name = names[""]
    before = files[name].decode()
    after = "\n".join(text for text, _ in texts[name])
    files[name] = after.encode()
    return Broken(files, before, after, at, range(first + 1, last + 2))


def _changed(seed: Seed, lines: list[tuple[str, str]], block: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    old = [text for sign, text in block if sign in " ?-"]
    new = [(text, sign.strip()) for sign, text in block if sign in " ?+!"]
    plain = [text for text, _ in lines]
    found = [at for at in range(len(plain) - len(old) + 1) if plain[at : at + len(old)] == old]
    if len(found) != 1:
        raise ValueError(f"the patch of `{seed.name}` fits {len(found)} places: {old[:2]}")
    kept = [sign for _, sign in lines[found[0] : found[0] + len(old)]]
    marked = iter(kept)
    placed = []
    for text, sign in new:
        was = next(marked, "") if sign in ("", "?") else ""
        placed.append((text, sign or was))
    return [*lines[: found[0]], *placed, *lines[found[0] + len(old) :]]


if __name__ == "__main__":
    wanted, folder = sys.argv[1], Path(sys.argv[2])
    for name, data in next(broken(seed) for seed in seeds() if wanted in (seed.name, seed.slug)).files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
