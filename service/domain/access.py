"""Who may do what, on which site: one word for every use case that touches a site.

A door finds out who calls and hands the `Caller` on. The use case asks ``caller.must("decide", site)`` before
it does anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from service.domain.errors import Forbidden, NotFound

# See comments and how they were decided / decide them / set the site's policy, threads and webhooks too.
Act = Literal["see", "decide", "own"]
ROLES = ("viewer", "moderator", "owner")  # each may do what those before it may, and more
ROLES_THAT_MAY: Mapping[Act, tuple[str, ...]] = {"see": ROLES, "decide": ROLES[1:], "own": ROLES[2:]}
REFUSED: Mapping[Act, str] = {
    "see": "",  # nobody with a role
    "decide": "You may see the comments of this site, but decide nothing.",
    "own": "Only an owner of the site may do this.",
}


def within(roles: Mapping[str, str], scope: Act | None, sites: Collection[str] | None) -> dict[str, str]:
    """Return the roles that are left of some for acts of one scope at most, on some sites only.

    >>> within({"a": "owner", "b": "viewer", "c": "owner"}, "decide", ["a", "b"])
    {'a': 'moderator', 'b': 'viewer'}
    >>> within({"a": "owner"}, None, None)
    {'a': 'owner'}
    """
    most = ROLES.index(ROLES_THAT_MAY[scope][0]) if scope else len(ROLES)
    return {
        site: ROLES[min(ROLES.index(role), most)]
        for site, role in roles.items()
        if sites is None or site in sites
    }


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a credential belongs to, and where they may act.

    ``kind`` is "session", "token" or "operator"; ``roles`` is site -> one of `ROLES`. An operator, who has
    the machine itself, may do everything everywhere. Who logged in by a password that somebody else set
    ``must_change_password``, and doors let them do nothing else.
    """

    kind: str
    name: str
    roles: Mapping[str, str]
    moderator_id: str | None = None
    must_change_password: bool = False

    @property
    def actor_kind(self) -> str:
        """What the audit log and events call them: a moderator, or what is none (the operator)."""
        return "moderator" if self.kind in ("session", "token") else self.kind

    @property
    def sites(self) -> frozenset[str]:
        """The sites whose comments they may see; of an operator, none are listed."""
        return frozenset(self.roles)

    def may(self, act: Act, site: str) -> bool:
        """Whether they may do this on a site.

        >>> mo = Caller("token", "mo", {"demo": "moderator"})
        >>> mo.may("decide", "demo"), mo.may("own", "demo"), mo.may("decide", "other")
        (True, False, False)
        >>> OPERATOR.may("own", "any"), Caller("token", "vi", {"demo": "viewer"}).may("decide", "demo")
        (True, False)
        """
        return self.kind == "operator" or self.roles.get(site) in ROLES_THAT_MAY[act]

    def must(self, act: Act, site: str) -> None:
        """Raise unless they may: `NotFound` for a site of others, as good as not there, else `Forbidden`.

        >>> Caller("token", "mo", {"demo": "moderator"}).must("own", "demo")
        Traceback (most recent call last):
        service.domain.errors.Forbidden: Only an owner of the site may do this.
        """
        if self.may(act, site):
            return
        if site not in self.roles:
            raise NotFound(f"There is no site {site!r} of yours.")
        raise Forbidden(REFUSED[act])


OPERATOR = Caller("operator", "operator", {})
