"""How often the model `examples` is right, and how honest its confidence is, on public customer messages.

Run: python -m bench examples_model, or this file with a CSV file of columns text and category; the default is
Banking77's training set beside the repository. Prints one line a measurement, or why it was skipped.
"""

from __future__ import annotations

import csv
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "banking77_train.csv"


def main() -> None:
    """Measure the whole set, and the sizes that flows really have."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    if not path.exists():
        print(f"skipped: {path.name} is not there")
        return
    from flowrun.adapters.models.classifier import Classifier

    with path.open(encoding="utf-8") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    for labels, each in ((8, 10), (8, 20), (15, 20)):
        measure(rows, labels, each, Classifier)


def measure(
    rows: list[tuple[str, str]], labels: int, each: int | None, make: Callable[[list[str], list[str]], object]
) -> None:
    """Train on `each` texts of `labels` labels (None: on four fifths of everything), test on the rest."""
    chance = random.Random(7)
    groups: dict[str, list[str]] = defaultdict(list)
    for text, label in rows:
        groups[label].append(text)
    train: list[tuple[str, str]] = []
    test: list[tuple[str, str]] = []
    for label in chance.sample(sorted(groups), labels):
        texts = groups[label]
        chance.shuffle(texts)
        cut = each if each is not None else len(texts) * 4 // 5
        train += [(text, label) for text in texts[:cut]]
        test += [(text, label) for text in texts[cut:]]
    chance.shuffle(train)
    started = time.perf_counter()
    classifier = make([text for text, _ in train], [label for _, label in train])
    trained = time.perf_counter() - started
    found = [(classifier.classify(text), label) for text, label in test]  # type: ignore[attr-defined]
    right = [(confidence, guess == label) for (guess, confidence), label in found]
    accuracy = sum(ok for _, ok in right) / len(right)
    mean = sum(confidence for confidence, _ in right) / len(right)
    sure = [ok for confidence, ok in right if confidence >= 0.6]
    print(
        f"{labels:3} labels, {len(train):5} texts: accuracy {accuracy:.3f}, mean confidence {mean:.3f}, "
        f"calibration error {calibration_error(right):.3f}, "
        f"at confidence >= 0.6: {len(sure) / len(right):.0%} "
        f"of texts, {sum(sure) / max(len(sure), 1):.3f} right; trained in {trained:.2f} s"
    )


def calibration_error(right: list[tuple[float, bool]]) -> float:
    """Return how far confidence is from the share of right ones, over ten equal bins (ECE)."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, ok in right:
        bins[min(int(confidence * 10), 9)].append((confidence, ok))
    gap = sum(abs(sum(c for c, _ in part) - sum(ok for _, ok in part)) for part in bins.values())
    return gap / len(right)


if __name__ == "__main__":
    main()
