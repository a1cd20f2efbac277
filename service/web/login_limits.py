"""How often one may try to log in."""

from __future__ import annotations

import ipaddress
import math
import threading

from limits import parse_many

from service.domain.errors import TooManyRequests
from service.domain.ids import fingerprint
from service.settings import Settings
from service.sites.moderators import plain_name
from service.web.rate_limits import RateLimits

# Strict for a name from one place; a name alone has room, or any stranger could keep its owner out.
PER_NAME_AND_NETWORK = tuple(parse_many("5/minute;20/hour"))
PER_NAME = tuple(parse_many("100/hour"))
PER_ADDRESS = tuple(parse_many("20/minute"))
PREFIX = "parley-login"


class LoginLimits:
    """Counts attempts by name, client network and both; an IPv6 client counts with its /64."""

    def __init__(self, settings: Settings) -> None:
        self._limits = RateLimits(settings, PREFIX)
        self._here = threading.local()  # one thread sees one attempt through, from `check` to `forgive`

    def check(self, name: str, address: str | None) -> None:
        """Count one attempt on a name; raise `TooManyRequests` if there were too many, known name or not.

        An address is only looked at here: a newsroom behind one address may log in all at once, so only
        what fails counts against it (see `count_failure`).
        """
        person, network = _person(name), _network(address)
        self._here.network = network
        wait = self._limits.test(PER_ADDRESS, network)
        if wait is None:
            wait = self._limits.hit(PER_NAME_AND_NETWORK, f"{person} {network}")
        if wait is None:  # what was refused above does not use up the room of others
            wait = self._limits.hit(PER_NAME, person)
        if wait is not None:
            raise TooManyRequests(f"Too many attempts to log in. Try again in {_words(wait)}.", wait)

    def count_failure(self, address: str | None) -> None:
        """Count a failed attempt against the client's address."""
        self._limits.hit(PER_ADDRESS, _network(address))

    def forgive(self, name: str) -> None:
        """Forget the attempts on a name, because its password was given to the attempt checked last.

        Those from other networks stay forbidden there: they were not its owner's.
        """
        person = _person(name)
        self._limits.clear(PER_NAME, person)
        if network := getattr(self._here, "network", None):
            self._limits.clear(PER_NAME_AND_NETWORK, f"{person} {network}")


def _person(name: str) -> str:
    return "name:" + fingerprint(plain_name(name))


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "address:unknown"
    if found.version == 6:
        return f"address:{ipaddress.ip_network((found, 64), strict=False).network_address}"
    return f"address:{found}"


def _words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    return f"{math.ceil(seconds / 60)} minutes"
