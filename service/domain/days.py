"""How long each kind of thing is kept: said once, for the settings, the README, and what deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST = 36_500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing with a time to be kept. A 0 means for ever, unless ``zero`` says otherwise."""

    name: str
    setting: str
    default: int
    least: int
    meaning: str
    zero: str = "for ever"

    @property
    def variable(self) -> str:
        """The name of the setting that says how long."""
        return f"PARLEY_{self.setting.upper()}"


REJECTED = Kind(
    "rejected", "rejected_days", 365, 1,
    "how long text and name of a rejected comment are kept after the last decision; then it can be approved"
    " no more",
)  # fmt: skip
WITHDRAWN = Kind(
    "withdrawn", "withdrawn_days", 30, 0,
    "how long it is kept what decisions on a comment were made from, once it was taken back (its text and"
    " name go at once); `0`: for ever",
)  # fmt: skip
EVENTS = Kind(
    "events", "event_days", 90, 0,
    "how long events stand in the log to pull, and with them what became of deliveries that were given up;"
    " `0`: for ever. What still has to be delivered stays",
)  # fmt: skip
DELIVERIES = Kind(
    "deliveries", "delivery_days", 30, 1,
    "how long it is kept what became of a delivery that arrived",
)  # fmt: skip
AUDIT = Kind(
    "audit", "audit_days", 0, 0,
    "after so many days what was done to a subject is folded into one sealed entry, which says how it stood;"
    " `0`: the log is kept whole",
)  # fmt: skip
SUGGESTIONS = Kind(
    "suggestions", "suggestion_days", 365, 0,
    "how long suggested scores are kept; `0`: none is stored, and those there go",
    zero="not at all",
)  # fmt: skip
EVERY = (REJECTED, WITHDRAWN, EVENTS, DELIVERIES, AUDIT, SUGGESTIONS)


@dataclass(frozen=True, slots=True)
class KeptFor:
    """How many days each kind is kept here; of what is not named its default."""

    days: Mapping[Kind, int]

    def of(self, kind: Kind) -> int:
        """Return for how many days a kind is kept."""
        return self.days.get(kind, kind.default)

    def before(self, kind: Kind, now: datetime) -> datetime | None:
        """Return the moment before which a kind is no longer kept; None where all of it is.

        >>> KeptFor({EVENTS: 2}).before(EVENTS, datetime(2026, 11, 3))
        datetime.datetime(2026, 11, 1, 0, 0)
        >>> KeptFor({EVENTS: 0}).before(EVENTS, datetime(2026, 11, 3))
        """
        days = self.of(kind)
        if not days and kind.zero == "for ever":
            return None
        return max(
            now - timedelta(days=days), datetime(1970, 1, 1, tzinfo=now.tzinfo)
        )  # ids know none before
