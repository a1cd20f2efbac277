"""Who may do what, on which site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a credential belongs to, and where they may act. ``kind`` is "session" or "token"."""

    moderator_id: str
    name: str
    roles: Mapping[str, str]
    kind: str

    @property
    def sites(self) -> frozenset[str]:
        """The sites whose comments they may see and decide."""
        return frozenset(self.roles)

    def owns(self, site: str) -> bool:
        """Whether they may also set the site's policy and webhooks."""
        return self.roles.get(site) == "owner"
