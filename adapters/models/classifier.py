"""A small text classifier that is trained in a blink, on this machine, from labelled texts.

Owns: features, training, calibration and the guard against words that it has never seen. It knows nothing of
flows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

MIN_PER_LABEL = 3
"""Texts that every label needs before confidence can be calibrated."""
UNKNOWN_CONFIDENCE = 0.3
"""Most confidence in a text of which no word is known."""
UNCALIBRATED_CONFIDENCE = 0.9
_FOLDS = 3
_PULL = 10.0
"""`C` of the regression; tf-idf vectors are short, so it must pull hard to separate them."""
_TEMPERATURES = np.geomspace(0.05, 5.0, 60)
_WORD = re.compile(r"(?u)\b\w\w+\b")


class Classifier:
    """Trained on construction; the same texts give the same classifier.

    `calibrated` tells whether confidence was measured against held-out texts: then it is about the share of
    such texts that are labelled right.
    """

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self.size = len(texts)
        self.calibrated = False
        self._classes = np.array(sorted(set(labels)))
        self._words = {word for text in texts for word in _WORD.findall(text.lower())}
        self._temperature = 1.0
        self._model: Any = None
        if len(self._classes) < 2:
            return
        self._features = FeatureUnion(
            [
                ("word", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
                ("char", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
            ]
        )
        matrix = self._features.fit_transform(texts)
        truth = np.searchsorted(self._classes, np.array(labels))
        # one thread: for matrices this small, more cost time and make the last digits depend on the machine
        with threadpool_limits(limits=1):
            self._space = _Space(matrix)
            self._model = _fit(self._space.points, truth)
            if min(Counter(labels).values()) >= MIN_PER_LABEL:
                self._temperature = _calibrate(self._space.points, truth, len(self._classes))
                self.calibrated = True

    def classify(self, text: str) -> tuple[str, float]:
        """Return the best label and the confidence in it, from 0 to 1."""
        label, confidence = str(self._classes[0]), UNCALIBRATED_CONFIDENCE
        if self._model is not None:
            logits = _logits(self._model, self._space.place(self._features.transform([text])))
            chances = _softmax(logits / self._temperature)[0]
            best = int(chances.argmax())
            label, confidence = str(self._classes[best]), float(chances[best])
            if not self.calibrated:
                confidence = min(confidence, UNCALIBRATED_CONFIDENCE)
        if not any(word in self._words for word in _WORD.findall(text.lower())):
            confidence = min(confidence, UNKNOWN_CONFIDENCE)
        return label, confidence


class _Space:
    """The texts as points of as many dimensions as there are texts, with the same distances and angles.

    A regression finds the same there as among the tens of thousands of features, several times faster. With
    more texts than `MOST` the features themselves are used.
    """

    MOST = 2500

    def __init__(self, matrix: Any) -> None:
        self._turn: Any = None
        self.points = matrix
        if matrix.shape[0] > self.MOST:
            return
        lengths, axes = np.linalg.eigh((matrix @ matrix.T).toarray())
        kept = lengths > lengths.max() * 1e-10
        roots = np.sqrt(lengths[kept])
        self.points = axes[:, kept] * roots
        self._turn = matrix.T @ (axes[:, kept] / roots)

    def place(self, matrix: Any) -> Any:
        """Return the points of other texts."""
        return matrix if self._turn is None else matrix @ self._turn


def _fit(matrix: Any, truth: Any) -> Any:
    return LogisticRegression(C=_PULL, max_iter=300, random_state=0).fit(matrix, truth)


def _calibrate(matrix: Any, truth: Any, classes: int) -> float:
    """Return the temperature under which held-out texts are least surprising.

    On public customer messages confidence then comes out one to four points above the share of right labels.
    """
    logits = np.zeros((len(truth), classes))
    folds = StratifiedKFold(n_splits=_FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(matrix, truth):
        logits[test] = _logits(_fit(matrix[train], truth[train]), matrix[test])
    rows = np.arange(len(truth))
    losses = [-np.log(_softmax(logits / t)[rows, truth] + 1e-12).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _logits(model: Any, matrix: Any) -> Any:
    logits = model.decision_function(matrix)
    return np.column_stack([-logits / 2, logits / 2]) if logits.ndim == 1 else logits


def _softmax(logits: Any) -> Any:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)
