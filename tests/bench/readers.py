"""The fast reader against plain scikit-learn on the same n-grams, and against a peer, in one process.

Times are CPU times of this process, all its threads together: what a core takes when nobody else wants it. By
the clock on the wall, one comment's p99 on a busy machine is the length of somebody else's turn.

Every round starts with a new reader, lets it meet one half of the texts, and measures the other half, so it
never sees a measured text twice. Speed does not hang on what the weights are, so they are made up. Run it on
one core: ``taskset -c 0 .venv/bin/python -m tests.bench readers``.
"""

from __future__ import annotations

import importlib.util
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline, make_union

from models.reading.fast import Curve, LinearScorer
from models.reading.features import Hashing
from models.reading.normalise import normalise
from models.texts.data import read_labelled
from models.training.fast import ATTRIBUTES
from tests.bench.load import percentile
from tests.bench.measures import Row, medians
from tests.bench.texts import comment

DEVELOPMENT = Path("../shared/data/dev.csv.gz")  # beside the checkout, if at all
MOST = 8_192
BATCH, SINGLES = 256, 1_000

Read = Callable[[Sequence[str]], Any]


def readers() -> Iterator[Row]:
    """Comments a CPU second in batches of 256, and the CPU time of one alone."""
    texts = _texts()
    measured = texts[len(texts) // 2 :]
    plain, peer = plain_scikit_learn(), alt_profanity_check()
    others: list[Read] = [plain] if peer is None else [plain, peer]

    def once() -> list[float]:
        kernel = _kernel()
        cold = rate(lambda batch: _read(kernel, batch), texts[:BATCH])
        rate(lambda batch: _read(kernel, batch), texts[: len(texts) // 2])
        ours = _figures(lambda batch: _read(kernel, batch), measured)
        normalised = [normalise(text) for text in texts]
        kernel = _kernel()
        rate(kernel.probabilities, normalised[: len(texts) // 2])
        alone = rate(kernel.probabilities, normalised[len(texts) // 2 :])
        theirs = [_figures(read, measured) for read in others]
        ratios = [a / b for figures in theirs for a, b in zip(ours, figures, strict=True)]
        return [cold, alone, *ours, *ratios, *(number for figures in theirs for number in figures)]

    cold, alone, quick, p50, p99, *rest = medians(once)
    yield Row(f"reader: batches of {BATCH}", quick, "per CPU s", goal="≥ 20,000, stretch 100,000")
    yield Row("reader: the same, normalised beforehand", alone, "per CPU s")
    yield Row(f"reader: its first {BATCH} comments", cold, "per CPU s")
    yield Row("reader: one comment, p50", p50, "CPU µs", goal="≤ 200")
    yield Row("reader: one comment, p99", p99, "CPU µs", goal="≤ 1,000")
    for i, name in enumerate(("scikit-learn", "alt-profanity-check")[: len(others)]):
        yield from _comparison(name, rest[3 * i :][:3], rest[3 * (len(others) + i) :][:3])
    if peer is None:
        print("readers: one peer left out, `alt-profanity-check` is not installed here", file=sys.stderr)


def _comparison(name: str, ratios: list[float], theirs: list[float]) -> Iterator[Row]:
    """Yield another reader's figures, each with the ratio of ours to it."""
    higher, lower = "ours to it, higher is better", "ours to it, lower is better"
    yield Row(f"{name}: batches of {BATCH}", theirs[0], "per CPU s", ratios[0], higher)
    yield Row(f"{name}: one comment, p50", theirs[1], "CPU µs", ratios[1], lower)
    yield Row(f"{name}: one comment, p99", theirs[2], "CPU µs", ratios[2], lower)


def _texts() -> list[str]:
    if DEVELOPMENT.is_file():
        found = read_labelled(DEVELOPMENT).texts
    else:  # few different words, so our reader looks better on them than on true comments
        print(f"readers: made-up texts, because there is no {DEVELOPMENT}", file=sys.stderr)
        found = [comment(number) for number in range(MOST)]
    return random.Random(0).sample(found, min(MOST, len(found)))


def _figures(read: Read, texts: Sequence[str]) -> list[float]:
    """Return comments a CPU second in batches, and the p50 and p99 of single ones in microseconds.

    The singles are other texts than the batches, for a reader may remember.
    """
    quick = rate(read, texts[:-SINGLES])
    times = []
    for text in texts[-SINGLES:]:
        begin = time.process_time()
        read([text])
        times.append((time.process_time() - begin) * 1e6)
    return [quick, percentile(times, 0.5), percentile(times, 0.99)]


def rate(read: Read, texts: Sequence[str], batch: int = BATCH) -> float:
    """Return texts a CPU second, read in batches."""
    begin = time.process_time()
    for at in range(0, len(texts), batch):
        read(texts[at : at + batch])
    return len(texts) / (time.process_time() - begin)


def _read(kernel: LinearScorer, texts: Sequence[str]) -> Any:
    return kernel.probabilities([normalise(text) for text in texts])


def _kernel() -> LinearScorer:
    heads, hashing = len(ATTRIBUTES), Hashing()
    weights = np.random.default_rng(0).integers(-127, 128, (hashing.rows, heads)).astype(np.int8)
    curves = dict.fromkeys(ATTRIBUTES, Curve())
    return LinearScorer(ATTRIBUTES, weights, np.full(heads, 1e-3), np.zeros(heads), curves, hashing)


def plain_scikit_learn() -> Read:
    """Return the plain way: the same n-grams, as many heads, one matrix product for all of them."""
    rows = Hashing().rows
    vectors = make_union(
        HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=rows),
        HashingVectorizer(analyzer="word", ngram_range=(1, 2), n_features=rows),
    )
    model = make_pipeline(vectors, SGDClassifier(loss="log_loss", random_state=0))
    few = [comment(number) for number in range(10 * len(ATTRIBUTES))]
    model.fit(few, [number % len(ATTRIBUTES) for number in range(len(few))])
    # As fitted, scipy would turn and copy all weights on every call: 4 ms, where a comment takes 0.9.
    model[-1].coef_ = np.asfortranarray(model[-1].coef_)
    read: Read = model.predict_proba
    return read


def alt_profanity_check() -> Read | None:
    """Return the peer's reader, which scores one attribute, if it is installed."""
    if importlib.util.find_spec("profanity_check") is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the version of scikit-learn that it was made with
        from profanity_check import predict_prob
    read: Read = predict_prob
    return read
