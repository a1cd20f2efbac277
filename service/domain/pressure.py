"""How a comment came in: how much was posted lately, and by what form; by neither is a caller known again."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from service.domain import form_tokens

MINUTE, SPIKE = 60, 300  # seconds in which a caller's posts are counted, and those on a page or site
FLOOD_SHOWN = timedelta(seconds=2 * SPIKE)  # moderators read of a flood as long as it may be felt
QUIET = 3  # a figure up to this is not worth keeping
AXES = ("network", "author", "text", "thread", "site")


@dataclass(frozen=True, slots=True)
class Pressure:
    """Posts of the last minute from one network, by one author, of one text; of five on the page and site.

    ``form`` is what the post's form token shows (`service.domain.form_tokens`), ``trapped`` whether a field
    was filled in that people do not see.
    """

    network: int = 0
    author: int = 0
    text: int = 0
    thread: int = 0
    site: int = 0
    form: str = form_tokens.NONE
    trapped: bool = False

    def figures(self) -> dict[str, int]:
        """Return how much was posted, by axis."""
        return {axis: getattr(self, axis) for axis in AXES}

    def as_dict(self) -> dict[str, int | str] | None:
        """Return what is worth keeping, None if nothing is. The form counts only where much is posted.

        >>> Pressure(network=40, author=1).as_dict(), Pressure(1, 1, 1, 1, 1).as_dict()
        ({'network': 40}, None)
        """
        kept: dict[str, int | str] = {name: count for name, count in self.figures().items() if count > QUIET}
        if kept and self.form != form_tokens.NONE:
            kept["form"] = self.form
        return kept | ({"trapped": True} if self.trapped else {}) or None

    @classmethod
    def from_dict(cls, kept: Mapping[str, int | str] | None) -> Pressure:
        """Return what was kept; figures of a later release are passed over."""
        kept = kept or {}
        figures = {axis: int(kept[axis]) for axis in AXES if axis in kept}
        form = str(kept.get("form", form_tokens.NONE))
        return cls(**figures, form=form, trapped=bool(kept.get("trapped")))


def network(address: str | None) -> str | None:
    """Return the network that an address is counted with: its /24, or its /64.

    None for one of this machine: whoever posts came by a proxy that does not say from where, and all readers
    would count as one.

    >>> network("192.0.2.77"), network("2001:db8:1:2::7"), network("127.0.0.1"), network("unix:")
    ('192.0.2.0/24', '2001:db8:1:2::/64', None, None)
    >>> network("::ffff:192.0.2.77")
    '192.0.2.0/24'
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.is_loopback:
        return None
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 64), strict=False))


def counted_as(key: bytes, axis: str, *values: str) -> str:
    """Return the name under which something is counted: nobody without the key can tell what it is.

    ``key`` has at most 64 bytes.
    """
    said = "\n".join((axis, *values)).encode()
    return hashlib.blake2b(said, key=key, digest_size=16).hexdigest()
