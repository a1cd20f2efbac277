"""Which words account for a score: marked when nothing waits to be decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import structlog

from service.domain.scores import Scorer
from service.storage import comments as queries
from service.storage.database import Database
from service.storage.moves import Move

log = structlog.get_logger("parley.moderation")

MOST = 500  # comments that wait for their marks; more than that a moderator does not read in an hour


class Marks:
    """The comments held by one worker whose words are not marked yet; of too many the newest.

    An explanation may cost thirty careful readings, so each is a step of its own. What is lost with a worker
    has its scores and reasons, and no marks.
    """

    def __init__(self, most: int = MOST) -> None:
        self._waiting: deque[Move] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, decided: Iterable[Move]) -> None:
        """Have the words marked of what was not approved."""
        self._waiting.extend(move for move in decided if move.outcome != "approve" and move.model_id)

    def mark_next(self, db: Database, scorer: Scorer) -> bool:
        """Mark the words of the comment that waits longest; return False if none does."""
        if not self._waiting:
            return False
        move = self._waiting.popleft()
        if move.model_id != scorer.model_id:
            return True  # another model would explain another score
        try:
            spans = scorer.explain(move.comment.body)
        except Exception as error:  # the decision stands
            log.warning("no words marked", comment=move.comment.id, error=type(error).__name__)
            return True
        marks = [[span.begin, span.end, round(span.score, 4)] for span in spans]
        with db.write() as connection:
            queries.mark_words(connection, [(move.comment.id, move.sequence, marks)])
        return True
