"""Many callers, one transaction: the mechanism behind taking in comments, without their rules.

A commit to disk costs as much for fifty callers as for one. Whoever comes while a transaction runs waits for
it, and the first of those carries out the next one for all of them; nobody waits for a batch to fill.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.domain.errors import Unavailable
from service.storage.database import Database
from service.storage.patience import NO_ANSWER

BATCH = 64  # callers in one transaction: a bound on how long the first of them waits
# For the turn, which comes when the transaction before has ended. That must give up a silent database first,
# or whoever comes next would not be told of it.
TURN_S = 4.0
NO_TURN = "It takes too long to write. Nothing was done."
UNKNOWN = "It takes too long to write. It may still be done: try again with the same Idempotency-Key."

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)  # two callers may ask for the same
class Turn(Generic[Asked, Answer]):
    """What one caller asked for, and what came of it: filled in by whoever carries out its batch."""

    asked: Asked
    outcome: Answer | Exception | None = None


class Together(Generic[Asked, Answer]):
    """Carries out what many threads ask for, as many in one transaction as wait at the moment.

    ``carry_out`` gives every turn of a batch its outcome and raises only what undoes the transaction.
    ``done_by_another`` looks up what another process has answered to the same request in the same moment.
    """

    def __init__(
        self,
        db: Database,
        carry_out: Callable[[Connection, Sequence[Turn[Asked, Answer]]], None],
        done_by_another: Callable[[Connection, Asked], Answer | Exception | None],
    ) -> None:
        self._db, self._act, self._done_by_another = db, carry_out, done_by_another
        self._waiting: list[Turn[Asked, Answer]] = []
        self._list, self._turn = threading.Lock(), threading.Lock()

    def submit(self, asked: Asked) -> Answer:
        """Wait until the request is carried out and committed; return its outcome, or raise it.

        Raises `Unavailable` where its turn does not come in `TURN_S` seconds, and at once while somebody
        else tries whether a silent database answers again.
        """
        if self._db.is_silent and self._turn.locked():  # one of us tries whether it still is
            raise Unavailable(NO_ANSWER)
        turn: Turn[Asked, Answer] = Turn(asked)
        with self._list:
            self._waiting.append(turn)
        until = time.monotonic() + TURN_S
        outcome: Answer | Exception | None = None
        while outcome is None:
            if not self._turn.acquire(timeout=max(until - time.monotonic(), 0)):
                raise self._given_up(turn)
            try:
                if turn.outcome is None:
                    self._carry_out(self._next_batch())
                outcome = turn.outcome  # only here: while others carry it out, it is not committed yet
            finally:
                self._turn.release()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _next_batch(self) -> list[Turn[Asked, Answer]]:
        with self._list:
            batch = self._waiting[:BATCH]
            del self._waiting[: len(batch)]
        return batch

    def _given_up(self, turn: Turn[Asked, Answer]) -> Unavailable:
        """Take a request back; where somebody has begun to carry it out, nobody knows what comes of it."""
        with self._list:
            if turn not in self._waiting:
                return Unavailable(UNKNOWN)
            self._waiting.remove(turn)
            return Unavailable(NO_TURN)

    def _carry_out(self, batch: list[Turn[Asked, Answer]]) -> None:
        """Give every turn of a batch its outcome, whatever happens."""
        try:
            with self._db.write() as connection:
                self._act(connection, batch)
        except IntegrityError as error:
            for turn in batch:
                turn.outcome = None  # what was carried out in this transaction was rolled back with it
            # Another process did the same in the same moment: one by one, the others get through.
            if len(batch) > 1:
                for turn in batch:
                    self._carry_out([turn])
            else:
                batch[0].outcome = self._answer_of_the_other(batch[0].asked, error)
        except Exception as error:  # it belongs to each of those who wait, not to the one who works
            for turn in batch:
                turn.outcome = error

    def _answer_of_the_other(self, asked: Asked, error: Exception) -> Answer | Exception:
        try:
            with self._db.read() as connection:
                return self._done_by_another(connection, asked) or error
        except Exception as worse:
            return worse
