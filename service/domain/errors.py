"""Everything that can go wrong in a way a caller can understand and act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_PROBLEMS = 50  # an answer is no larger than it helps, whatever was sent


class ParleyError(Exception):
    """Something a caller can understand and act on; the message says what and with which value."""

    code = "error"
    title = "Error"

    def extra(self) -> Mapping[str, object]:
        """Members to add to the problem document, beside the standard ones."""
        return {}


class Invalid(ParleyError):
    """A value breaks a rule. ``problems`` are pairs of JSON pointer and sentence."""

    code, title = "invalid", "The request has mistakes in it"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        named = problems[:MAX_PROBLEMS]
        super().__init__("; ".join(f"{pointer or 'body'}: {text}" for pointer, text in named))
        self.problems = tuple(named)

    def extra(self) -> Mapping[str, object]:
        return {"errors": [{"pointer": pointer, "detail": text} for pointer, text in self.problems]}


class NotFound(ParleyError):
    """There is no such thing, or the caller may not know of it."""

    code, title = "not-found", "Not found"


class Unauthorised(ParleyError):
    """The caller has not said who it is."""

    code, title = "unauthorised", "Log in first"


class Forbidden(ParleyError):
    """The caller is known and may not do this."""

    code, title = "forbidden", "Not allowed"


class IllegalMove(ParleyError):
    """The comment's status does not allow this action."""

    code, title = "illegal-move", "Action not possible now"


class AlreadyDecided(ParleyError):
    """Somebody else changed the comment since the caller looked at it."""

    code, title = "already-decided", "Somebody else was faster"

    def __init__(self, message: str, *, status: str, version: int, by: str, body: str) -> None:
        super().__init__(message)
        self.status, self.version, self.by, self.body = status, version, by, body

    def extra(self) -> Mapping[str, object]:
        return {"current": {"status": self.status, "version": self.version, "by": self.by, "body": self.body}}


class ThreadClosed(ParleyError):
    """The thread takes no more comments."""

    code, title = "thread-closed", "Comments are closed"


class ForeignPage(ParleyError):
    """A page that is none of the site's origins wanted to name, link or make a thread."""

    code, title = "foreign-page", "Not a page of this site"


class KeyReused(ParleyError):
    """An ``Idempotency-Key`` came back with another request behind it."""

    code, title = "idempotency-key-reused", "Idempotency-Key already used"


@dataclass(frozen=True, slots=True)
class Quota:
    """So ``many`` in so many ``seconds``; ``left`` of them are left."""

    name: str
    many: int
    seconds: int
    left: int


class Pruned(ParleyError):
    """A stretch of the log of events is no longer kept.

    ``oldest`` is the position of the oldest event that is, None where there is none; whoever takes the gap
    asks again with ``after``.
    """

    code, title = "events-pruned", "These events are no longer kept"

    def __init__(self, message: str, *, oldest: int | None, after: int) -> None:
        super().__init__(message)
        self.oldest, self.after = oldest, after

    def extra(self) -> Mapping[str, object]:
        return {"oldest": self.oldest, "after": self.after}


class TooManyRequests(ParleyError):
    """A limit was reached; ``retry_after`` is in whole seconds, ``quotas`` are the limits that hold there."""

    code, title = "too-many-requests", "Too many requests"

    def __init__(self, message: str, retry_after: int, quotas: Sequence[Quota] = ()) -> None:
        super().__init__(message)
        self.retry_after, self.quotas = retry_after, tuple(quotas)


class Unavailable(ParleyError):
    """A part we need does not answer; ``retry_after`` is in whole seconds."""

    code, title = "unavailable", "Try again in a moment"

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Damaged(Unavailable):
    """The database cannot be read as it was written; only a backup helps."""

    code, title = "damaged", "The database is damaged"


class Misconfigured(ParleyError):
    """The operator's settings or files do not let Parley start; the CLI exits with code 2."""

    code, title = "misconfigured", "Parley cannot start like this"


class DatabaseUnusable(Misconfigured):
    """Nothing can be done with the database as it is."""

    code, title = "database-unusable", "The database cannot be used"


class NoAnswer(DatabaseUnusable):
    """The database does not answer a command; it may later."""

    code, title = "no-answer", "The database does not answer"
