"""No address that is not public is ever connected to, and no receiver holds us up."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from service import outbound
from service.outbound import MAX_ANSWER, Answer, Outbound, Refused, check_url, dial, is_own
from tests.receiver import raw_server, receiver

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)

# First, last and well-known addresses of everything that is not public.
PRIVATE_V4 = """
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200
100.127.255.255 127.0.0.0 127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.255 169.254.0.0 169.254.169.253
169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.17.0.1 172.31.255.255 192.0.0.0 192.0.0.192
192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.0 192.88.99.1 192.168.0.0 192.168.1.1 192.168.255.255
198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 224.0.0.1
239.255.255.255 240.0.0.0 254.255.255.255 255.255.255.255 168.63.129.16
""".split()  # noqa: SIM905 - a list of this length is read more easily so
PRIVATE_V6 = """
:: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::ffff:169.254.169.254
0:0:0:0:0:ffff:7f00:0001 ::ffff:8.8.8.8 ::127.0.0.1 ::7f00:1 ::a9fe:a9fe ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 64:ff9b:1:ffff:: 100:: 100::1 2001::
2001:0:53aa:64c::1 2001:0:ffff:ffff:ffff:ffff:8080:fefe 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1
2001:db8:: 2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:7f00:0001::1
2002:a9fe:a9fe:: 2002:c0a8:101::1 3fff:: 3fff:fff::1 4000::1 5f00:: 5f00::1 8000::1 e000::1 fc00::
fc00::1 fd00::1 fd00:ec2::254 fd12:3456:789a::1 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80:: fe80::1
fe80::a9fe:a9fe febf::1 fec0:: fec0::1 feff::1 ff00:: ff02::1 ff05::1:3
ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
""".split()  # noqa: SIM905 - a list of this length is read more easily so
PUBLIC = ["8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
          "126.255.255.255", "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0",
          "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:4860:4860::8888",
          "2001:200::1", "2606:4700::1", "2a00:1450::1", "3ffe:ffff::1"]  # fmt: skip
ODD_HOSTS = """
0 1 127 127.1 127.0.1 127.0.0.1. 127.0.0.01 127.0.0.001 0127.0.0.1 0177.0.0.1 0177.0.0.0x1 0x7f.0.0.1
0x7f.1 0x7f000001 0X7F000001 0x7f.0x0.0x0.0x1 017700000001 2130706433 3232235521 2852039166 4294967295
4294967296 00000000000127.0.0.1 127.0.0.1.2 1.2.3 1.2.3.4.5 256.0.0.1 999.999.999.999 0xa9fea9fe
0251.0376.0251.0376 foo.0x7f foo.127 a.b.0 0x localhost. example.com. example..com .example.com
-example.com example-.com a-.example.com [::1 ::1] [::1]. [::1%25lo] [::1%25eth0] [fe80::1%25eth0]
[fe80::1%eth0] [::ffff:127.0.0.1%251] [127.0.0.1] [::127.0.0] [0:0:0:0:0:0:0:0:1] [1::2::3] [v1.a]
[::ffff:0x7f000001] [::ffff:0177.0.0.1] [] exa_mple.com exa$mple.com exam!ple.com ex*mple.com
a,b.example
""".split()  # noqa: SIM905 - a list of this length is read more easily so
ODD_URLS = [
    "", " ", "http", "http:", "http:/", "http://", "https:///", "http:///127.0.0.1", "//127.0.0.1/",
    "127.0.0.1",
    "/etc/passwd", "http:127.0.0.1", "http:/127.0.0.1/", "http:\\\\127.0.0.1\\", "http://\\127.0.0.1",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/_x", "dict://example.com:11211/",
    "ldap://example.com/", "unix:///run/docker.sock", "javascript:alert(1)", "data:text/plain,x",
    "jar:http://example.com!/", "http+unix://%2Frun%2Fdocker.sock/", "ws://example.com/", "httpss://example.com/",
    "http://user@example.com/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/", "http://127.0.0.1#@example.com/", "http://example.com#@127.0.0.1/",
    "http://example.com/#fragment", "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\@example.com/",
    "http://example.com\\.evil.example/", "http://example.com\t/", "http://exam\nple.com/", "http://exam\rple.com/",
    " http://example.com/", "http://example.com/ ", "http://example.com /", "http://example.com/a b",
    "http://example.com/\r\nX-Evil: 1", "http://example.com/%0", "http://example.com/%zz", "http://example.com/\x00",
    "http://%31%32%37.0.0.1/", "http://%6c%6f%63alhost/", "http://127.0.0.1%2f@example.com/",
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://127．0．0．1/", "http://ｌocalhost/", "http://bücher.example/",
    "http://example。com/", "http://exam\u00adple.com/", "http://exam\u200bple.com/", "http://[::１]/",
    "http://example.com:/", "http://example.com:0/", "http://example.com:00080/", "http://example.com:-1/",
    "http://example.com:+80/", "http://example.com:８０/", "http://example.com:80:80/", "http://example.com:99999/",
    "http://example.com:65536/", "http://example.com:8o/", "http://example.com:80@/", "http://:80/",
    "http://example.com:22/", "http://example.com:25/", "http://example.com:53/", "http://example.com:110/",
    "http://example.com:445/", "http://example.com:2375/", "http://example.com:5432/",
    "http://example.com:6379/",
    "http://example.com:9200/", "http://example.com:11211/", "http://example.com:27017/",
    "http://" + "a" * 64 + ".example/", "http://" + "a." * 130 + "example/",
    "http://example.com/" + "a" * 2000,
]  # fmt: skip


class Canary:
    """Connects to nothing and remembers where to it was asked to."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, address: str, port: int, timeout: float) -> socket.socket:
        self.asked.append(address)
        raise ConnectionRefusedError


def resolver(*answers: str | Sequence[str]) -> object:
    """Return a resolver that gives one answer after the other, the last one again and again."""
    left = [[answer] if isinstance(answer, str) else list(answer) for answer in answers]
    return lambda _host, _port: left.pop(0) if len(left) > 1 else left[0]


def call(url: str, canary: Canary, resolve: object = resolver("8.8.8.8")) -> Answer:
    return Outbound(resolve=resolve, connect=canary).post(url, b"{}", {})  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("address", PRIVATE_V4 + PRIVATE_V6)
def test_an_address_that_is_not_public_is_refused_when_written_out(address: str, scheme: str) -> None:
    canary = Canary()
    url = f"{scheme}://[{address}]/" if ":" in address else f"{scheme}://{address}/"

    assert "not a public address" in (call(url, canary).error or "")
    assert canary.asked == []


@pytest.mark.parametrize("address", PRIVATE_V4 + PRIVATE_V6 + ["fe80::1%eth0", "nonsense", ""])
def test_a_name_that_resolves_to_such_an_address_is_refused(address: str) -> None:
    canary = Canary()

    alone = call("https://hooks.example.com/", canary, resolver(address))
    mixed = call("https://hooks.example.com/", canary, resolver(["8.8.8.8", "2606:4700::1", address]))

    assert (alone.error or "").startswith("not called")
    assert (mixed.error or "").startswith("not called")
    assert canary.asked == []


@pytest.mark.parametrize("url", ODD_URLS + [f"http://{host}/" for host in ODD_HOSTS])
def test_a_url_that_two_readers_could_read_differently_is_refused(url: str) -> None:
    canary = Canary()

    with pytest.raises(Refused):
        check_url(url)
    assert (call(url, canary).error or "").startswith("not called")
    assert (call(url, canary, resolver("127.0.0.1")).error or "").startswith("not called")
    assert canary.asked == []


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called_as_it_was_checked(address: str) -> None:
    canary = Canary()
    call("https://hooks.example.com/", canary, resolver(address))

    assert canary.asked == [str(ipaddress.ip_address(address))]


def test_a_name_that_changes_between_check_and_call_gains_nothing() -> None:
    canary = Canary()
    flip = resolver("8.8.8.8", "127.0.0.1")
    first, second = (call("http://hooks.example.com/", canary, flip) for _ in range(2))

    assert canary.asked == ["8.8.8.8"]
    assert first.error == "the connection was refused"
    assert (second.error or "").startswith("not called")


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), TimeoutError(), UnicodeError("idna")])
def test_a_name_that_cannot_be_looked_up_is_not_called(error: Exception) -> None:
    def fail(_host: str, _port: int) -> list[str]:
        raise error

    canary = Canary()

    assert call("http://hooks.example.com/", canary, fail).error == (
        "not called: hooks.example.com could not be looked up"
    )
    assert (call("http://hooks.example.com/", canary, resolver([])).error or "").startswith("not called")
    assert canary.asked == []


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    slow = Outbound(resolve=lambda *_: time.sleep(5) or ["8.8.8.8"], connect=Canary(), total_s=0.1)

    assert (slow.post("http://hooks.example.com/", b"", {}).error or "").endswith("could not be looked up")


def test_this_machines_own_addresses_are_refused_even_if_public() -> None:
    assert is_own(ipaddress.ip_address("127.0.0.1"))
    assert not is_own(ipaddress.ip_address("8.8.8.8"))


def test_the_same_rules_hold_when_an_endpoint_is_saved() -> None:
    with pytest.raises(Refused, match="not a public address"):
        Outbound(resolve=lambda *_: ["8.8.8.8", "10.0.0.1"]).check("https://hooks.example.com/")
    with pytest.raises(Refused, match="has no address"):
        Outbound(resolve=lambda *_: []).check("https://hooks.example.com/")
    Outbound(resolve=lambda *_: ["8.8.8.8"]).check("https://hooks.example.com/")


def test_an_allowed_network_is_called_and_nothing_beside_it() -> None:
    with receiver() as ours:
        there = Outbound(LOOPBACK).post(ours.url + "?a=1", b'{"a":1}', {"X-Test": "yes"})
        beside = Outbound(LOOPBACK).post("http://[::ffff:127.0.0.1]:8080/", b"", {})

    assert there == Answer(204, "")
    assert [(hook.path, hook.body, hook.headers["x-test"]) for hook in ours.hooks] == [
        ("/hooks?a=1", b'{"a":1}', "yes")
    ]
    assert (beside.error or "").startswith("not called")


def test_the_name_is_kept_although_the_connection_goes_to_the_address() -> None:
    with receiver() as ours:
        port = int(ours.url.split(":")[2].split("/")[0])
        out = Outbound(
            resolve=lambda *_: ["8.8.8.8"], connect=lambda _a, _p, timeout: dial("127.0.0.1", port, timeout)
        )
        answers = [out.post(f"http://Hooks.Example.com{suffix}", b"", {}) for suffix in ("/", ":8443/in")]

    assert [answer.status for answer in answers] == [204, 204]
    assert [hook.headers["host"] for hook in ours.hooks] == ["hooks.example.com", "hooks.example.com:8443"]


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    canary = Canary()
    call("http://hooks.example.com/", canary, resolver(["2606:4700::1", "8.8.8.8", "8.8.8.8"]))

    assert canary.asked == ["2606:4700::1", "8.8.8.8"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with receiver() as secret, receiver(lambda _: (status, {"Location": secret.url}, b"")) as ours:
        answer = Outbound(LOOPBACK).post(ours.url, b"{}", {})

    assert answer.status == status
    assert (len(ours.hooks), secret.hooks) == (1, [])


def test_a_huge_answer_is_cut() -> None:
    with receiver(lambda _: (200, {}, b"x" * 5_000_000)) as ours:
        answer = Outbound(LOOPBACK).post(ours.url, b"{}", {})

    assert (answer.status, len(answer.text)) == (200, MAX_ANSWER)


def test_a_packed_answer_is_never_unpacked() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    with receiver(lambda _: (200, {"Content-Encoding": "gzip"}, bomb)) as ours:
        answer = Outbound(LOOPBACK).post(ours.url, b"{}", {})

    assert answer.status == 200
    assert len(answer.text) <= len(bomb)


def read_request(peer: socket.socket) -> None:
    """Read head and body; who closes with bytes unread breaks the connection for the other side."""
    found = b""
    while not found.endswith(b"{}"):
        found += peer.recv(65536)


def drip(start: bytes) -> object:
    def serve(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(start)
        while True:
            peer.sendall(b"a")
            time.sleep(0.02)

    return serve


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"", None),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
    ],
)
def test_one_byte_at_a_time_does_not_hold_us_longer_than_the_limit(start: bytes, status: int | None) -> None:
    with raw_server(drip(start)) as port:  # type: ignore[arg-type]
        answer = Outbound(LOOPBACK, total_s=0.3).post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert answer.status == status
    assert answer.error == (None if status else "no answer within 0.3 s")


def test_silence_ends_at_the_limit() -> None:
    with raw_server(lambda peer: time.sleep(2)) as port:
        answer = Outbound(LOOPBACK, total_s=0.2).post(f"http://127.0.0.1:{port}/", b"{}", {})
        packed = Outbound(LOOPBACK, total_s=0.2).post(f"https://127.0.0.1:{port}/", b"{}", {})

    assert (answer.status, packed.status) == (None, None)
    assert "0.2 s" in (answer.error or "")
    assert packed.error is not None


def test_silence_is_called_so_when_the_sockets_own_limit_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "_cut_off", lambda raw, seconds: contextlib.nullcontext(threading.Event()))
    with raw_server(lambda peer: time.sleep(2)) as port:
        answer = Outbound(LOOPBACK, total_s=0.2).post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert answer.error == "no answer within 0.2 s"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\x00" * 100,
        b"SSH-2.0-x\r\n",
        b"HTTP/9.9 twohundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 99999999999999 OK\r\n\r\n",
    ],
)
def test_what_is_no_http_is_an_error_and_not_an_exception(nonsense: bytes) -> None:
    def serve(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(nonsense)

    with raw_server(serve) as port:
        answer = Outbound(LOOPBACK, total_s=2).post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert answer.status is None
    assert answer.error


def test_a_broken_body_does_not_undo_the_status() -> None:
    def serve(peer: socket.socket) -> None:
        read_request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n")

    with raw_server(serve) as port:
        answer = Outbound(LOOPBACK, total_s=2).post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert (answer.status, answer.text) == (200, "hello")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key for hooks.example.com, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=hooks.example.com", "-addext", "subjectAltName=DNS:hooks.example.com",
         "-days", "2", "-keyout", path, "-out", path.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.mark.parametrize(
    ("host", "trusted", "error"),
    [
        ("hooks.example.com", True, None),
        ("other.example.com", True, "Hostname mismatch"),
        ("hooks.example.com", False, "self-signed"),
    ],
)
def test_tls_is_verified_against_the_name(
    certificate: Path, host: str, trusted: bool, error: str | None
) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    names: list[str | None] = []
    ours.sni_callback = lambda _socket, name, _context: names.append(name)

    def serve(peer: socket.socket) -> None:
        with ours.wrap_socket(peer, server_side=True) as packed:
            read_request(packed)
            packed.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    roots = ssl.create_default_context(cafile=certificate) if trusted else None
    with raw_server(serve) as port:
        out = Outbound(
            resolve=lambda *_: ["8.8.8.8"], connect=lambda _a, _p, timeout: dial("127.0.0.1", port, timeout),
            tls=roots, total_s=5,
        )  # fmt: skip
        answer = out.post(f"https://{host}/", b"{}", {})

    assert names == [host]
    assert (answer.status == 204) is (error is None)
    assert (error or "") in (answer.error or "")
