"""How often one may try to log in: strangers strictly, a browser that did so before by its own count.

Nobody can keep a moderator out. A browser from which somebody logged in is known by a signed cookie, and
strangers use up none of its tries. Where many try one name, each has to wait a minute before a try.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets
import threading
from datetime import datetime, timedelta

from limits import parse, parse_many

from service.domain.errors import TooManyRequests
from service.domain.ids import fingerprint
from service.settings import Settings
from service.sites.moderators import plain_name
from service.web.rate_limits import RateLimits

# Strict for a name from one place, and for a known browser, which only its own tries count against.
PER_NAME_AND_NETWORK = PER_DEVICE = tuple(parse_many("5/minute;20/hour"))
PER_NAME = tuple(parse_many("100/hour"))  # of all strangers together, before each has to wait
PER_ADDRESS = tuple(parse_many("20/minute"))
# Then: a try a minute for who came back after a minute, and so many an hour from one network.
PATIENT, PATIENT_S = (parse("1/minute"),), 60
PER_PATIENT_NETWORK = tuple(parse_many("3/hour"))
ASKED_FOR_S = 15 * 60  # who comes back later has to wait anew
# Of codes of a second factor, right ones too. Nothing forgives these: a right password must buy no more.
# Three guesses in a million are right.
PER_CODES = tuple(parse_many("20/day"))
PREFIX = "parley-login"
DEVICE_LIFE = timedelta(days=365)
MAX_DEVICES = 4  # people who share a browser; of more, those who logged in last are known
REFUSALS_S = 3600


class LoginLimits:
    """Counts attempts by name, client network, both, and browser; an IPv6 client counts with its /64."""

    def __init__(self, settings: Settings) -> None:
        self._limits = RateLimits(settings, PREFIX)
        self._key = settings.secret_key
        self._here = threading.local()  # one thread sees one attempt through, from `check` to `forgive`

    def check(self, name: str, address: str | None, device: str | None = None) -> None:
        """Count one attempt on a name; raise `TooManyRequests` if there were too many, known name or not.

        An address is only looked at here: a newsroom behind one address may log in all at once, so only
        what fails counts against it (see `count_failure`). ``device`` is what `known_device` found.
        """
        person, network = _person(name), _network(address)
        self._here.network, self._here.device = network, device
        if device is not None:
            wait = self._limits.hit(PER_DEVICE, f"device:{device} {person}")
        else:
            wait = self._limits.test(PER_ADDRESS, network)
            if wait is None:
                wait = self._limits.hit(PER_NAME_AND_NETWORK, f"{person} {network}")
            if wait is None and self._limits.hit(PER_NAME, person) is not None:
                wait = self._patience(person, network)
        if wait is not None:
            raise TooManyRequests(f"Too many attempts to log in. Try again in {_words(wait)}.", wait)

    def check_code(self, name: str, device: str | None) -> None:
        """Count a code of a second factor that is tried; raise `TooManyRequests` if there were too many.

        Of strangers all count together, since they come from as many networks as they like: who gets here
        knows the password. The browser of an earlier login has its own count.
        """
        wait = self._limits.hit(PER_CODES, f"codes:{device or 'strangers'} {_person(name)}")
        if wait is not None:
            raise TooManyRequests(f"Too many codes were tried. Try again in {_words(wait)}.", wait)

    def _patience(self, person: str, network: str) -> int | None:
        """Return how long a stranger has to wait while a name is tried by many; None where they did."""
        key = f"{person} {network}"
        wait = self._limits.hit(PATIENT, f"{key} asked")
        if wait is not None:
            return wait
        asked = self._limits.count(f"{key} patient", ASKED_FOR_S)
        return PATIENT_S if asked < 2 else self._limits.hit(PER_PATIENT_NETWORK, f"{key} patient")

    def count_failure(self, address: str | None) -> None:
        """Count a failed attempt against the client's address."""
        if getattr(self._here, "device", None) is None:
            self._limits.hit(PER_ADDRESS, _network(address))

    def refusals(self) -> int | None:
        """Count a refused login; return how many there were in this hour if that is worth an audit entry.

        It is for the first, the tenth, the hundredth and so on: a guesser cannot fill the log, and whether a
        name is known makes no difference.
        """
        count = self._limits.count("refusals", REFUSALS_S)
        return count if count == 10 ** (len(str(count)) - 1) else None

    def forgive(self, name: str) -> None:
        """Forget the attempts on a name, because its password was given to the attempt checked last.

        Those from other networks and browsers stay forbidden there: they were not its owner's.
        """
        person = _person(name)
        if device := getattr(self._here, "device", None):
            self._limits.clear(PER_DEVICE, f"device:{device} {person}")
            return
        self._limits.clear(PER_NAME, person)
        if network := getattr(self._here, "network", None):
            self._limits.clear(PER_NAME_AND_NETWORK, f"{person} {network}")

    def known_device(self, name: str, cookie: str, now: datetime) -> str | None:
        """Return which browser a cookie stands for, if the person of this name logged in there before."""
        for entry in cookie.split("~")[:MAX_DEVICES]:
            device, _, rest = entry.partition(".")
            ends, _, signature = rest.partition(".")
            expected = self._signature(_person(name), device, ends)
            is_ours = hmac.compare_digest(signature.encode(errors="replace"), expected.encode())
            if is_ours and int(ends) > now.timestamp():
                return device
        return None

    def device_cookie(self, name: str, cookie: str, now: datetime) -> str:
        """Return the cookie by which this browser is known from now on, beside others who logged in there."""
        device, ends = secrets.token_urlsafe(12), str(int((now + DEVICE_LIFE).timestamp()))
        known = self.known_device(name, cookie, now)
        others = [one for one in cookie.split("~") if one and one.partition(".")[0] != known]
        entry = f"{device}.{ends}.{self._signature(_person(name), device, ends)}"
        return "~".join([entry, *others[: MAX_DEVICES - 1]])

    def _signature(self, person: str, device: str, ends: str) -> str:
        text = f"device:{person}:{device}:{ends}".encode(errors="replace")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


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
    if seconds < 7200:
        return f"{math.ceil(seconds / 60)} minutes"
    return f"{math.ceil(seconds / 3600)} hours"
