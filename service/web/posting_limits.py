"""How often one may post. A caller far beyond human speed is refused; the rest is for the policy to judge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from service.comments.forms import form_of
from service.comments.intake import Draft, place
from service.domain.errors import Quota, TooManyRequests
from service.domain.form_tokens import GOOD, MOST_POSTS, WORN
from service.domain.policy_members import PACE
from service.domain.pressure import MINUTE, SPIKE, Pressure, counted_as, network
from service.settings import Settings
from service.web.shared_counts import Count, SharedCounts

PREFIX = "parley-posts"
# Posts a minute that nobody types: of one author; and of a network, a school at a lesson's end included.
MOST_OF_AUTHOR, MOST_OF_NETWORK = 60, 1000
MOST = {"author": MOST_OF_AUTHOR, "network": MOST_OF_NETWORK}
SPIKES = ("thread", "site")
SAID_BY_MANY = 20  # characters of a text: what is shorter ("Thank you!") is not counted


class PostingLimits:
    """Counts posts by network, author, text, form, page and site, by keyed hashes that end in ten minutes."""

    def __init__(self, settings: Settings) -> None:
        self._counts = SharedCounts(settings, PREFIX)
        self._secret_key = settings.secret_key
        self._key = hashlib.sha256(b"posts:" + settings.secret_key).digest()

    def measure(self, draft: Draft, address: str | None, now: datetime) -> Pressure:
        """Count a post and return how much was posted lately; raise `TooManyRequests` for a machine.

        What is refused does not count on the page, the site or the text, so that others do not suffer. Nor
        does what one network or author posts beyond its pace on page and site: it is held for that alone.
        """
        form = form_of(draft, secret_key=self._secret_key, now=now)
        whose, where = self._whose(draft, address, now), self._where(draft, now)
        if form == GOOD:
            whose["form"] = self._of(MINUTE, now, "form", draft.site, str(draft.form_token))
        asked = whose | where
        found = dict(zip(asked, self._counts.count(list(asked.values())), strict=True))
        if any(found.get(axis, 0) > most for axis, most in MOST.items()):
            self._counts.take_back(list(where.values()))
            wait = MINUTE - int(now.timestamp()) % MINUTE
            message = f"Too many comments in a minute. Try again in {wait} seconds."
            raise TooManyRequests(message, wait, _quotas(found))
        # Somebody may write twice in a form; a program must not post all day by one token.
        worn = found.pop("form", 0) > MOST_POSTS
        if any(found.get(axis, 0) > pace for axis, pace in PACE.items()):
            self._counts.take_back([count for axis, count in where.items() if axis in SPIKES])
        return Pressure(**found, form=WORN if worn else form, trapped=draft.trapped)

    def _whose(self, draft: Draft, address: str | None, now: datetime) -> dict[str, Count]:
        whose = {"network": network(address), "author": draft.author_token}
        return {axis: self._of(MINUTE, now, axis, draft.site, one) for axis, one in whose.items() if one}

    def _where(self, draft: Draft, now: datetime) -> dict[str, Count]:
        found = {
            "thread": self._of(SPIKE, now, "thread", *place(draft)),
            "site": self._of(SPIKE, now, "site", draft.site),
        }
        said = " ".join(draft.body.casefold().split())
        if len(said) >= SAID_BY_MANY:
            found["text"] = self._of(MINUTE, now, "text", draft.site, said)
        return found

    def _of(self, seconds: int, now: datetime, axis: str, *values: str) -> Count:
        """Return what to count of one axis: in this stretch of time, and for a spike the one before too.

        So a spike is felt for a while after its end, and a flood that goes on finds no gap between two.
        """
        at = int(now.timestamp()) // seconds
        this = counted_as(self._key, axis, str(at), *values)
        before = counted_as(self._key, axis, str(at - 1), *values) if seconds == SPIKE else None
        return Count(this, 2 * seconds, before)


def _quotas(found: Mapping[str, int]) -> list[Quota]:
    return [
        Quota(axis, most, MINUTE, max(0, most - found[axis])) for axis, most in MOST.items() if axis in found
    ]
