"""`comments:analyze` of a Parley as `parley up` runs it, against a bare Flask route in the same round.

Texts are natural traffic, as in `joint`: Wikipedia's talk as it came, about one comment in a hundred toxic.
Those of a given length are such texts strung together, because a text of one word repeated would be easy.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence

from tests.bench.joint import natural_texts
from tests.bench.load import closed_loop, get, open_loop, post, single
from tests.bench.measures import ROUNDS, SECONDS, Row, hello, medians
from tests.bench.stack import stack
from tests.running import start_embedded

ANALYZE = "/v1alpha1/comments:analyze"
CLIENTS = (1, 8, 32)
RATE, TIMETABLE_S = 200, 10.0
SIZES = (1_280, 2_560, 5_120, 10_240, 20_480)  # bytes; the last is the most there may be
BATCH = 100
PRODUCTION = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")


def perspective() -> Iterator[Row]:
    """Answers a second and their times; a batch; and how the cost grows with the text."""
    texts = [text for text in natural_texts() if 0 < len(text.encode()) <= SIZES[-1]]
    requests = [post(ANALYZE, question(text)) for text in texts]
    with stack("sqlite") as here, hello(here) as floor, start_embedded() as parley:
        port = int(parley.base.rsplit(":", 1)[1])
        closed_loop(port, lambda n: requests[n % len(requests)], seconds=2)
        for clients in CLIENTS:
            yield from _rates(port, floor, requests, clients)
        for clients in CLIENTS:
            yield from _timetable(port, requests, clients)
        yield from _batches(port, texts)
        yield from _growth(port, texts)


def question(text: str, **more: object) -> bytes:
    """Return a body that asks for the six attributes of a text in English."""
    wanted = {name: {} for name in PRODUCTION}
    body = {"comment": {"text": text}, "languages": ["en"], "requestedAttributes": wanted, "doNotStore": True}
    return json.dumps(body | more).encode()


def _rates(port: int, floor: int, requests: Sequence[bytes], clients: int) -> Iterator[Row]:
    def once() -> list[float]:
        bare = closed_loop(floor, lambda _: get("/hello"), seconds=SECONDS, connections=clients)
        ours = closed_loop(port, lambda n: requests[n % len(requests)], seconds=SECONDS, connections=clients)
        assert set(ours.statuses) == {200}, ours.statuses
        return [bare.rate, ours.rate, ours.rate / bare.rate, ours.percentile(0.99)]

    bare, rate, ratio, p99 = medians(once)
    yield Row(f"bare Flask route, {clients} clients", bare, "requests/s")
    yield Row(
        f"analyze, {clients} clients, as fast as they can", rate, "requests/s", ratio, "of the bare route"
    )
    yield Row(f"analyze, {clients} clients, p99 at saturation", p99, "ms")


def _timetable(port: int, requests: Sequence[bytes], clients: int) -> Iterator[Row]:
    def once() -> list[float]:
        make = lambda n: requests[n % len(requests)]  # noqa: E731
        result = open_loop(port, make, rate=RATE, seconds=TIMETABLE_S, connections=clients)
        assert set(result.statuses) == {200}, result.statuses
        return [result.percentile(0.5), result.percentile(0.99)]

    p50, p99 = medians(once)
    yield Row(f"analyze, {clients} clients, {RATE}/s, p50", p50, "ms")
    yield Row(f"analyze, {clients} clients, {RATE}/s, p99", p99, "ms", goal="≤ 100 ms")


def _batches(port: int, texts: Sequence[str]) -> Iterator[Row]:
    starts = iter(range(0, 10**9, BATCH))

    def once() -> list[float]:
        first = next(starts)
        some = [texts[(first + n) % len(texts)] for n in range(BATCH)]
        alone = [seconds_of(port, post(ANALYZE, question(text))) for text in some]
        together = seconds_of(port, packed([question(text) for text in some]))
        return [together * 1000, together / sum(alone)]

    together, ratio = medians(once)
    yield Row(f"batch of {BATCH}", together, "ms", ratio, "of the time of as many requests one by one")


def packed(bodies: Sequence[bytes]) -> bytes:
    """Return the bytes of one request with several in it, as Google's Python library packs them."""
    head = b"--B\r\nContent-Type: application/http\r\nContent-ID: <x + %d>\r\n\r\nPOST %s HTTP/1.1\r\n\r\n"
    parts = [head % (n, ANALYZE.encode()) + body + b"\r\n" for n, body in enumerate(bodies)]
    whole = b"".join(parts) + b"--B--"
    return post("/batch", whole).replace(b"application/json", b"multipart/mixed; boundary=B", 1)


def _growth(port: int, texts: Sequence[str]) -> Iterator[Row]:
    """Yield the time of texts of each size: plain ones, others, and plain ones with every sentence scored.

    One letter of another script makes the reading of a text longer, and the longer a text the likelier it has
    one: mixed, the median would leap from one kind to the other.
    """
    plain = [text for text in texts if text.isascii()]
    yield from _grown(port, "plain", plain)
    yield from _grown(port, "with a Greek letter", ["α", *plain])
    yield from _grown(port, "plain, each sentence too", plain, spanAnnotations=True)


def _grown(port: int, name: str, texts: Sequence[str], **more: object) -> Iterator[Row]:
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for turn in range(4 * ROUNDS):
        for size in SIZES:
            body = question(of_size(texts, turn, size), **more)
            times[size].append(seconds_of(port, post(ANALYZE, body)))
    medians_of = {size: statistics.median(found) for size, found in times.items()}
    for smaller, size in zip((SIZES[0], *SIZES), SIZES, strict=False):
        took, ratio = medians_of[size] * 1000, medians_of[size] / medians_of[smaller]
        goal = "≤ 2 × the half as long" if size != smaller else ""
        yield Row(f"a text of {size:,} bytes, {name}", took, "ms", ratio, goal)


def of_size(texts: Sequence[str], start: int, size: int) -> str:
    """Return the first of some texts and others strung together, ``size`` bytes or a little less."""
    whole, at = texts[0].encode(), start * 97
    while len(whole) < size:
        whole += b" " + texts[at % len(texts)].encode()
        at += 1
    return whole[:size].decode(errors="ignore")


def seconds_of(port: int, request: bytes) -> float:
    """Return how long one request takes on a connection of its own."""
    status, taken = single(port, request)
    assert status == 200, status
    return taken
