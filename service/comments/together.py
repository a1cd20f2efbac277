"""Many callers, one transaction: the mechanism behind taking in comments, without their rules.

A commit to disk costs as much for fifty callers as for one. Whoever comes while a transaction runs waits for
it, and the first of those carries out the next one for all of them; nobody waits for a batch to fill.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from service.storage.database import Database

BATCH = 64  # callers in one transaction: a bound on how long the first of them waits

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(slots=True)
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
        self._turn = threading.Lock()

    def submit(self, asked: Asked) -> Answer:
        """Wait until the request is carried out and committed; return its outcome, or raise it."""
        turn: Turn[Asked, Answer] = Turn(asked)
        self._waiting.append(turn)
        with self._turn:
            while turn.outcome is None:
                batch = self._waiting[:BATCH]
                del self._waiting[: len(batch)]  # only these: others are being added meanwhile
                self._carry_out(batch)
        if isinstance(turn.outcome, Exception):
            raise turn.outcome
        return turn.outcome

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
