"""How much was posted lately on a comment's way in: figures alone, by which no caller is known again."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

MINUTE, SPIKE = 60, 300  # seconds in which a caller's posts are counted, and those on a page or site
FLOOD_SHOWN = timedelta(seconds=2 * SPIKE)  # moderators read of a flood as long as it may be felt
QUIET = 3  # a figure up to this is not worth keeping


@dataclass(frozen=True, slots=True)
class Pressure:
    """Posts of the last minute from one network, by one author, of one text; of five on the page and site."""

    network: int = 0
    author: int = 0
    text: int = 0
    thread: int = 0
    site: int = 0

    def as_dict(self) -> dict[str, int] | None:
        """Return what is worth keeping, None if nothing is.

        >>> Pressure(network=40, author=1).as_dict(), Pressure(1, 1, 1, 1, 1).as_dict()
        ({'network': 40}, None)
        """
        return {name: count for name, count in asdict(self).items() if count > QUIET} or None

    @classmethod
    def from_dict(cls, kept: Mapping[str, int] | None) -> Pressure:
        """Return what was kept; figures of a later release are passed over."""
        return cls(**{name: int(count) for name, count in (kept or {}).items() if name in cls.__slots__})


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
