"""How often one may post. A caller far beyond human speed is refused; the rest is for the policy to judge."""

from __future__ import annotations

from datetime import datetime

from service.comments.intake import Draft, place
from service.domain.errors import TooManyRequests
from service.domain.pressure import MINUTE, SPIKE, Pressure, counted_as, network
from service.settings import Settings
from service.web.rate_limits import RateLimits

PREFIX = "parley-posts"
# Posts a minute that nobody types: of one author; and of a network, a school at a lesson's end included.
MOST_OF_AUTHOR, MOST_OF_NETWORK = 60, 1000
SAID_BY_MANY = 20  # characters of a text: what is shorter ("Thank you!") is not counted


class PostingLimits:
    """Counts posts by network, author, text, thread and site, by keyed hashes that end within ten minutes."""

    def __init__(self, settings: Settings) -> None:
        self._limits = RateLimits(settings, PREFIX)
        self._key = settings.secret_key

    def measure(self, draft: Draft, address: str | None, now: datetime) -> Pressure:
        """Count a post and return how much was posted lately; raise `TooManyRequests` for a machine.

        What is refused does not count on the page, the site or the text, so that others do not suffer.
        """
        prefix = network(address)
        from_network = self._count(MINUTE, now, "network", draft.site, prefix) if prefix else 0
        token = draft.author_token
        by_author = self._count(MINUTE, now, "author", draft.site, token) if token else 0
        if by_author > MOST_OF_AUTHOR or from_network > MOST_OF_NETWORK:
            wait = MINUTE - int(now.timestamp()) % MINUTE
            raise TooManyRequests(f"Too many comments in a minute. Try again in {wait} seconds.", wait)
        said = " ".join(draft.body.casefold().split())
        return Pressure(
            from_network,
            by_author,
            self._count(MINUTE, now, "text", draft.site, said) if len(said) >= SAID_BY_MANY else 0,
            self._count(SPIKE, now, "thread", *place(draft)),
            self._count(SPIKE, now, "site", draft.site),
        )

    def _count(self, seconds: int, now: datetime, axis: str, *values: str) -> int:
        """Count, and return the larger number of this stretch of time and the one before.

        So a spike is felt for a while after its end, and a flood that goes on finds no gap between two.
        """
        at = int(now.timestamp()) // seconds
        this, before = (counted_as(self._key, axis, str(at - back), *values) for back in (0, 1))
        return self._limits.count(this, 2 * seconds, before if seconds == SPIKE else None)
