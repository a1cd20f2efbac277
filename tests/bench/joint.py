"""The shipped model: its readers alone and joined, its start, its memory, on one core and in one process.

Natural traffic is Wikipedia's talk as it came, about one comment in a hundred toxic, from the development
data; without it made-up civil texts, which flatter. Times are CPU times, as in `readers`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from models import Scorer, load_scorer
from models.texts.data import read_labelled
from models.training.calibration import AS_THEY_CAME
from tests.bench.load import percentile
from tests.bench.measures import Row, medians
from tests.bench.readers import BATCH, DEVELOPMENT, alt_profanity_check, plain_scikit_learn, rate
from tests.bench.texts import comment

CAREFUL_TEXTS, SINGLES = 512, 400
PROBE = """
import pathlib, time
def resident():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
before = resident()
begin = time.process_time()
import models
scorer = models.load_scorer()
took = time.process_time() - begin
scorer.read(["They should all be sent back where they came from."] * 64)
print(took, resident() - before)
"""


def joint() -> Iterator[Row]:
    """Comments a CPU second with time to spare and under load, and what a start costs."""
    texts = natural_texts()
    auto = load_scorer()
    plain, peer = plain_scikit_learn(), alt_profanity_check()
    auto.read(texts[:BATCH])

    def once() -> list[float]:
        careful = rate(lambda batch: auto.read(batch), texts[:CAREFUL_TEXTS], 32)
        joined = rate(lambda batch: auto.read(batch, spare=0.0), texts, BATCH)
        floor = rate(plain, texts, BATCH)
        other = rate(peer, texts, BATCH) if peer else float("nan")
        took, memory = _start()
        ratios = [careful / floor, joined / floor, joined / other]
        return [careful, joined, *ratios, *_singles(auto, texts), took, memory]

    careful, joined, careful_ratio, joined_ratio, peer_ratio, p50, p99, took, memory = medians(once)
    share = sum(reading.reader == "careful" for reading in auto.read(texts, spare=0.0)) / len(texts)
    floor = "to plain scikit-learn"
    yield Row("joint, time to spare: batches of 32", careful, "per CPU s", careful_ratio, f"{floor}; ≥ 250")
    yield Row(
        f"joint, under load: batches of {BATCH}", joined, "per CPU s", joined_ratio, f"{floor}; ≥ 1,500"
    )
    if peer:
        yield Row(
            "joint, under load: the same",
            joined,
            "per CPU s",
            peer_ratio,
            "to alt-profanity-check: one score",
        )
    yield Row("joint, under load: share read carefully", 100 * share, "%", goal="≤ 20")
    yield Row("joint: one comment, p50", p50, "CPU µs")
    yield Row("joint: one comment, p99", p99, "CPU µs", goal="≤ 25,000")
    yield Row("joint: import, load and self-test", took * 1e3, "CPU ms", goal="≤ 1,000")
    yield Row("joint: memory", memory / 1024, "MiB", goal="≤ 300")


def natural_texts() -> list[str]:
    if DEVELOPMENT.is_file():
        data = read_labelled(DEVELOPMENT)
        return [text for text, source in zip(data.texts, data.sources, strict=True) if source in AS_THEY_CAME]
    print(f"joint: made-up texts, because there is no {DEVELOPMENT}", file=sys.stderr)
    return [comment(number) for number in range(2_000)]


def _singles(scorer: Scorer, texts: list[str]) -> list[float]:
    times = []
    for text in texts[:SINGLES]:
        begin = time.process_time()
        scorer.read([text])
        times.append((time.process_time() - begin) * 1e6)
    return [percentile(times, 0.5), percentile(times, 0.99)]


def _start() -> tuple[float, float]:
    """Return the CPU seconds of a start in a fresh process, and the KiB it grew by."""
    done = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    took, memory = done.stdout.split()
    return float(took), float(memory)
