"""The one HTTP client that may call addresses chosen by others.

A host site names the address of its webhook receiver, so whoever manages a site could point us at our own
network. Therefore: one strict spelling of URLs, every address of a name is checked, the connection goes to
the very address that was checked, redirects are answers and not followed, and every wait and size has an end.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[str, int, float], socket.socket]

CONNECT_S = 3.0
TOTAL_S = 15.0  # from the first look-up to the last byte
MAX_ANSWER = 20_000  # bytes, as they come over the wire: nothing is ever unpacked
MAX_URL = 2000
MAX_ADDRESSES = 4

# Whole text or nothing: what two URL parsers could read differently does not match.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/(?:[a-z0-9\-._~!$&'()*+,;=:@/]|%[0-9a-f]{2})*)?"
    r"(?P<query>\?(?:[a-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9a-f]{2})*)?",
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
# Resolvers and browsers read a name that ends like this as an IPv4 address: 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")

DEFAULT_PORTS = {"http": 80, "https": 443}
# Above 1023, what listens here is no web server (after the list of the WHATWG Fetch standard).
BAD_PORTS = frozenset({
    1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061,
    5432, 5672, 5984, 6000, 6379, 6566, *range(6665, 6670), 6679, 6697, 9042, 9092, 9200, 9300, 10250, 11211,
    27017,
})  # fmt: skip
# Not on the public internet, or a way around this list. Sources: the IANA special-purpose registries.
REFUSED = tuple(ipaddress.ip_network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",  # looks public, and is the host's own channel into every Azure machine
    "::/3",  # with ::, ::1, mapped (::ffff:0:0/96), compatible and NAT64 (64:ff9b::/96) forms of IPv4
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",  # Teredo and others, documentation, 6to4
    "4000::/2", "8000::/1",  # nothing here is global: 5f00::/16, fc00::/7, fe80::/10, fec0::/10, ff00::/8
))  # fmt: skip


NOT_ALLOWED = "; PARLEY_WEBHOOK_PRIVATE_NETWORKS can allow it"


class Refused(Exception):
    """The address may not be called; the message says why, to whoever chose it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that passed `check_url`. ``address`` is set when the host is one."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None = None

    @property
    def host_header(self) -> str:
        """The value of the ``Host`` header: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status with the first bytes of the answer, or else why there was none."""

    status: int | None
    text: str = ""
    error: str | None = None
    retry_after: str | None = None


def check_url(url: str, allowed: Sequence[Network] = ()) -> Target:
    """Read a URL strictly; raise `Refused` unless it may be called as far as its spelling tells.

    ``allowed`` are networks that may be called although they are not public.

    >>> check_url("https://hooks.example.com/in").host_header
    'hooks.example.com'
    >>> check_url("http://2130706433/")
    Traceback (most recent call last):
    service.outbound.Refused: the host 2130706433 is an address in an unusual spelling
    """
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None:
        raise Refused(
            "it must be a plain http or https address in ASCII, without user name, fragment or trailing dot"
        )
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    if not _is_web_port(port):
        raise Refused(f"port {port} is none for web servers: use 80, 443 or one above 1023")
    address = _literal(host)
    if address is not None:
        check_address(address, allowed)
    return Target(scheme, host.strip("[]"), port, (match["path"] or "/") + (match["query"] or ""), address)


def _is_web_port(port: int) -> bool:
    return port in (80, 443) or (1024 <= port <= 65535 and port not in BAD_PORTS)


def _literal(host: str) -> Address | None:
    """Return the address that a host spells out, None for a name; refuse all odd spellings."""
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        if _NUMBER.fullmatch(host):
            return ipaddress.IPv4Address(host)  # four decimal numbers without leading zeros
    except ValueError:
        raise Refused(f"the host {host} is an address in an unusual spelling") from None
    if not _NAME.fullmatch(host):
        raise Refused(f"{host} is no host name")
    return None


def check_address(address: Address, allowed: Sequence[Network] = (), shown: str = "") -> None:
    """Raise `Refused` unless an address is public, or in one of the ``allowed`` networks.

    ``shown`` is what is said in its place: who named a host must not learn from us what it resolves to.

    >>> check_address(ipaddress.ip_address("8.8.8.8"))
    >>> check_address(ipaddress.ip_address("10.0.0.1"))
    Traceback (most recent call last):
    service.outbound.Refused: 10.0.0.1 is not a public address; PARLEY_WEBHOOK_PRIVATE_NETWORKS can allow it
    """
    if any(address in network for network in allowed):
        return
    if getattr(address, "scope_id", None) or any(address in network for network in REFUSED):
        raise Refused(f"{shown or address} is not a public address{NOT_ALLOWED}")


def is_own(address: Address) -> bool:
    """Whether an address is one of this machine's; sends nothing.

    The system chooses the source of a datagram to itself from the same interface, so it is the target.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == address
    except OSError:
        return False  # no way there: connecting will fail as well


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the system's resolver gives them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def dial(address: str, port: int, timeout: float) -> socket.socket:
    """Open a TCP connection to an address, not to a name; ``timeout`` in seconds."""
    connected = socket.create_connection((address, port), timeout)
    # Head and body are two writes: without this the second waits for the receiver's delayed answer.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


@cache
def trusted_roots() -> ssl.SSLContext:
    """Return the TLS settings with the system's trusted roots; read once, it is slow."""
    return ssl.create_default_context()


class Outbound:
    """Sends to addresses chosen by others; safe to share between threads.

    Parameters
    ----------
    allowed : sequence of networks
        May be called although they are not public (``PARLEY_WEBHOOK_PRIVATE_NETWORKS``).
    resolve, connect : callables
        The name look-up and the way to a TCP connection.
    tls : ssl.SSLContext, optional
        The system's trusted roots when left out.
    total_s : float
        Seconds for one whole exchange.
    """

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        resolve: Resolve = look_up,
        connect: Dial = dial,
        tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._allowed = tuple(allowed)
        self._resolve, self._connect = resolve, connect
        self._tls = tls
        self._total_s = total_s

    def check(self, url: str) -> None:
        """Raise `Refused` unless the URL may be called now: spelling, and every address of its host."""
        self._addresses(check_url(url, self._allowed), time.monotonic() + CONNECT_S)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one POST and return what came back; nothing the other side does raises."""
        deadline = time.monotonic() + self._total_s
        try:
            target = check_url(url, self._allowed)
            raw = self._open(self._addresses(target, deadline), target.port, deadline)
        except Refused as refusal:
            return Answer(None, error=f"not called: {refusal}")
        except OSError as error:
            return Answer(None, error=_sentence(error, "could not connect"))
        raw.settimeout(self._total_s)
        with _cut_off(raw, deadline - time.monotonic()) as late:
            try:
                return self._exchange(raw, target, body, headers, late)
            except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
                # The socket's own limit is the same and may come first, by a hair.
                if late.is_set() or isinstance(error, TimeoutError):
                    return Answer(None, error=f"no answer within {self._total_s:g} s")
                return Answer(None, error=_sentence(error, "the connection broke"))
            finally:
                raw.close()

    def _addresses(self, target: Target, deadline: float) -> list[str]:
        """Return the checked addresses of a target: all are good, or it is refused."""
        if target.address is not None:
            found = [target.address]
        else:
            found = [_parsed(text) for text in _within(self._resolve, target, deadline)]
        if not found:
            raise Refused(f"{target.host} has no address")
        for address in found:
            check_address(address, self._allowed, target.host)
            if is_own(address) and not any(address in network for network in self._allowed):
                raise Refused(f"{target.host} is this machine's own address{NOT_ALLOWED}")
        return list(dict.fromkeys(str(address) for address in found))[:MAX_ADDRESSES]

    def _open(self, addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
        until = min(deadline, time.monotonic() + CONNECT_S)
        failure = OSError()
        for tried, address in enumerate(addresses):
            share = max((until - time.monotonic()) / (len(addresses) - tried), 0.05)
            try:
                return self._connect(address, port, share)
            except OSError as error:
                failure = error
        raise failure

    def _exchange(
        self,
        raw: socket.socket,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
        late: threading.Event,
    ) -> Answer:
        # The connection stands already, to the address that was checked: urllib3 only speaks HTTP on it.
        connection = HTTPConnection(target.host, target.port, timeout=self._total_s)
        try:
            if target.scheme == "https":
                tls = self._tls or trusted_roots()
                connection.sock = tls.wrap_socket(raw, server_hostname=target.host)
            else:
                connection.sock = raw
            connection.request(
                "POST",
                target.path,
                body,
                {"Host": target.host_header, "Connection": "close", **headers},
                preload_content=False,
                decode_content=False,
            )
            response = connection.getresponse()
            try:
                if late.is_set():
                    raise TimeoutError  # a head that was cut off reads like one that has ended
                text = _read(response)
            finally:
                response.close()
            return Answer(response.status, text, retry_after=response.headers.get("Retry-After"))
        finally:
            connection.close()


def _read(response: BaseHTTPResponse) -> str:
    """Return the start of an answer as text. What breaks after the status does not undo the status."""
    found = b""
    with suppress(OSError, HTTPError, http.client.HTTPException):
        while len(found) < MAX_ANSWER and (
            part := response.read1(MAX_ANSWER - len(found), decode_content=False)
        ):
            found += part
    return found.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _parsed(text: str) -> Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise Refused(f"the resolver gave {text[:80]!r}, which is no address") from None


def _within(resolve: Resolve, target: Target, deadline: float) -> Sequence[str]:
    """Look a name up in a thread of its own: the system's resolver knows no timeout. Fails closed."""
    found: list[Sequence[str]] = []

    def run() -> None:
        with suppress(OSError, UnicodeError):
            found.append(resolve(target.host, target.port))

    thread = threading.Thread(target=run, name="resolver", daemon=True)
    thread.start()
    thread.join(max(min(CONNECT_S, deadline - time.monotonic()), 0.0))
    if not found:
        raise Refused(f"{target.host} could not be looked up")
    return found[0]


@contextmanager
def _cut_off(raw: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Shut a connection down when time is up, whatever is being waited for.

    A socket's timeout starts again with every byte; against one byte a second only this helps. It works
    on a copy of the descriptor, because TLS takes the original over.
    """
    copy, late = raw.dup(), threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            copy.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(seconds, 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        timer.join()  # before close(): the number of a closed descriptor may already be another's
        copy.close()


def _sentence(error: Exception, otherwise: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "the TLS handshake failed"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, TimeoutError):
        return f"{otherwise}: timed out"
    return otherwise
