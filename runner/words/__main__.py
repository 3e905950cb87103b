"""`python -m flowrun.words`: renews and checks the catalogue, in a checkout.

Owns: the two modes. `--write` makes `messages.pot` and the compiled translations, `--check` ends with 1 where one is
not fresh, a text is written in a way that cannot be translated, or a translation does not fit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from flowrun.words.extract import extract
from flowrun.words.files import TEMPLATE, check_translations, compiled, merged, template, texts_of

USAGE = "usage: python -m flowrun.words [--write|--check] [CHECKOUT]"


def main(arguments: list[str]) -> int:
    """Write or check the files below a checkout (default: the working folder)."""
    mode = arguments[0] if arguments else "--check"
    root = Path(arguments[1] if len(arguments) > 1 else ".")
    if mode not in ("--write", "--check") or len(arguments) > 2:
        print(USAGE, file=sys.stderr)
        return 2
    found = extract(root)
    folder = root / "runner" / "words"
    pot = template(found.messages.values())
    if mode == "--write":
        write(folder, pot)
    wrong = list(found.wrong)
    file = folder / TEMPLATE
    # Only the texts count: their order and their places change with every merge, and mislead nobody.
    if not file.exists() or texts_of(file.read_text(encoding="utf-8")) != texts_of(pot):
        wrong.append(f"{file} is not fresh; run: python -m flowrun.words --write")
    wrong += check_translations(folder, found.messages.values())
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def write(folder: Path, pot: str) -> None:
    """Write the template, bring each translation up to date with it, and compile it."""
    (folder / TEMPLATE).write_text(pot, encoding="utf-8")
    for po in sorted(folder.glob("*.po")):
        text = merged(po.read_text(encoding="utf-8"), pot)
        po.write_text(text, encoding="utf-8")
        po.with_suffix(".mo").write_bytes(compiled(text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
