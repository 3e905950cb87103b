"""One seeded mistake gives a first finding with the right rule in the seeded line, few others, and a repair where one is right.

The seeds are in tests/corpus/seeded. `UPDATE_GOLDEN=1` rewrites the golden files; look at the difference before you keep it.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

import pytest

from flowrun.app.mend import mended
from flowrun.app.teach import findings_in
from flowrun.lint.reporters.text import render_text
from tests.corpus.seeded.seeds import HERE, TEMPLATES, Seed, broken, seeds, workspace

SEEDS = seeds()
GOLDEN = HERE / "golden"
PRINTED = re.compile(r"^([\w./]+)(?::(\d+):\d+)?: .* \[([a-z-]+) FR\d{4}\]$", re.MULTILINE)
LEAST = 0.95
"""Share of seeds whose first finding must be the right one."""
MOST_FINDINGS = 1.25
"""Most findings of a seed, in the mean: more would be one mistake told several times."""


def by_name(seed: Seed) -> str:
    return f"{seed.family[:2]}-{seed.slug}"


def check_golden(file: Path, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_there_are_enough_seeds_of_every_family() -> None:
    assert len(SEEDS) >= 150
    assert len({seed.slug for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("base", ["office", *TEMPLATES])
def test_a_base_is_without_findings(base: str) -> None:
    found, texts = findings_in(workspace(base))
    assert not found, render_text(found, texts)


@pytest.mark.parametrize("seed", SEEDS, ids=by_name)
def test_what_is_printed_is_golden(seed: Seed) -> None:
    made = broken(seed)
    found, texts = findings_in(made.files)
    assert found, "nothing was found"
    name = seed.file.rpartition("/")[2]
    change = difflib.unified_diff(
        made.before.splitlines(), made.after.splitlines(), f"a/{name}", f"b/{name}", n=2, lineterm=""
    )
    check_golden(GOLDEN / f"{seed.slug}.out", "\n".join([*change, "", render_text(found, texts)]))


def test_the_first_finding_is_the_right_one() -> None:
    """Read from the golden files, which the test above compares with what is printed."""
    hits, count = 0, 0
    lines = ["# Score\n", "", "", "## Misses\n"]
    for seed in SEEDS:
        printed = PRINTED.findall((GOLDEN / f"{seed.slug}.out").read_text(encoding="utf-8"))
        made = broken(seed)
        file, line, rule = printed[0]
        count += len(printed)
        if (file, rule) == (made.file, seed.rule) and int(line or 0) in made.lines:
            hits += 1
        else:
            wanted = f"wanted `{seed.rule}` in {made.file}:{made.lines[0]}"
            lines.append(f"- {seed.name}: {wanted}, got `{rule}` in {file}:{line}")
    share, mean = hits / len(SEEDS), count / len(SEEDS)
    lines[1] = f"{hits} of {len(SEEDS)} seeds ({share:.1%}): the first finding has the right rule in the seeded line."
    lines[2] = f"{mean:.2f} findings a seed in the mean.\n"
    print("\n".join(lines))
    check_golden(GOLDEN / "SCORE.md", "\n".join(lines) + "\n")
    assert share >= LEAST
    assert mean <= MOST_FINDINGS


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed.fix], ids=by_name)
def test_what_has_one_right_repair_is_repaired(seed: Seed, tmp_path: Path) -> None:
    for name, data in broken(seed).files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    mending = mended(tmp_path, [str(tmp_path)])
    left = [f"{item.span}: {item.message} [{item.rule}]" for item in mending.report.findings]
    refused = [f"{item.message}: {why}" for item, why in mending.report.refused]
    assert not left, "\n".join([*left, *refused])


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.out")} == {seed.slug for seed in SEEDS}
