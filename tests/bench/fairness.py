"""One network floods while a hundred others go on talking: what the others feel of it."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import select

from service.storage.database import Database
from service.storage.tables import Comment
from tests.bench.load import Result, open_loop, percentile, post
from tests.bench.measures import Row, wait_for_empty
from tests.bench.stack import stack

# Comments of one network; of the others, one each; and how many of these come in a second.
FLOOD, HONEST, RATE = 1000, 200, 10
PAGES = 10
FOR_PRESSURE = {"pace", "flood"}
WORDS = """
harbour council ferry budget bridge teacher winter garden market library station summer village doctor window
mountain river kitchen bicycle forest holiday morning cinema museum orchard lantern meadow island painter
railway concert bakery traffic weather lecture harvest pottery sailor compass valley
"""


def comment(number: int, address: str, author: str) -> bytes:
    """Return a post by one of an address's people, in words that nobody else uses in this order."""
    chance = random.Random(f"{author} {number}")
    said = f"About the {' '.join(chance.sample(WORDS.split(), 9))}, remark {number}."
    page = f"page-{number % PAGES}"
    thread = {"key": page, "url": f"https://news.example/{page}"}
    body = json.dumps({"site": "bench", "thread": thread, "body": said}).encode()
    return post("/api/v1/comments", body, X_Forwarded_For=address, Parley_Author=author)


def honest(turn: int, number: int) -> bytes:
    """Return a post from a network that posts once a turn."""
    return comment(number, f"203.0.{number % HONEST}.{turn}", f"honest-{turn}-{number:024}")


def flooding(number: int) -> bytes:
    """Return a post from the one network that floods: many people behind one prefix."""
    return comment(number, f"198.51.100.{number % 250}", f"flood-{number % 250:024}")


def fairness(kind: str) -> Iterator[Row]:
    """Honest posts alone, then beside 1,000 of one network."""
    with stack(kind) as made:
        here = replace(made, more={"PARLEY_TRUSTED_PROXIES": "1"})
        with here.web() as port, here.worker():
            db = Database(here.database_url)
            seconds = HONEST / RATE
            open_loop(port, lambda n: honest(0, n), rate=RATE, seconds=2)
            wait_for_empty(db)
            alone = open_loop(port, lambda n: honest(1, n), rate=RATE, seconds=seconds)
            wait_for_empty(db)
            flooded: list[Result] = []
            pace = FLOOD / seconds
            flood = threading.Thread(
                target=lambda: flooded.append(open_loop(port, flooding, rate=pace, seconds=seconds))
            )
            flood.start()
            beside = open_loop(port, lambda n: honest(2, n), rate=RATE, seconds=seconds)
            flood.join()
            wait_for_empty(db)
            yield from _rows(db, kind, alone, beside, flooded[0])
            db.close()


def _rows(db: Database, kind: str, alone: Result, beside: Result, flood: Result) -> Iterator[Row]:
    by_author = Comment.created_at, Comment.decided_at, Comment.reasons, Comment.body, Comment.author_id
    with db.read() as connection:
        found = connection.execute(select(*by_author).order_by(Comment.id)).all()
    sent = {text: turn for turn in (1, 2) for n in range(HONEST) if (text := _body(honest(turn, n)))}
    waits: dict[int, list[float]] = {1: [], 2: []}
    held = 0
    for row in found:
        turn = sent.get(row.body)
        if turn:
            waits[turn].append((row.decided_at - row.created_at).total_seconds() * 1000)
            held += turn == 2 and any(one["code"] in FOR_PRESSURE for one in row.reasons or ())
    refused = sum(count for status, count in beside.statuses.items() if status != 202)
    assert set(alone.statuses) == {202}, alone.statuses
    yield Row(
        f"{kind}: comments of the flood, taken or refused", len(flood.times), "comments", goal="≥ 1,000"
    )
    yield Row(f"{kind}: honest posts refused", 100 * refused / HONEST, "%", goal="≤ 0.1")
    yield Row(f"{kind}: honest posts held for it", 100 * held / HONEST, "%", goal="≤ 5")
    for share in (0.5, 0.9):
        before, now = percentile(waits[1], share), percentile(waits[2], share)
        name = f"{kind}: post → decided p{share * 100:.0f}"
        yield Row(f"{name}, beside the flood", now, "ms", now / before, "≤ 2 × alone")


def _body(request: bytes) -> str:
    return str(json.loads(request.partition(b"\r\n\r\n")[2])["body"])
