"""Nothing leaves: no name is asked for, no connection goes out, and no file lies outside of the data folder.

Every process of a command runs with an ear that writes down and refuses: in Python an audit hook; below it,
where there is a C compiler, a library that stands before libc's, for what a wheel does by itself. Both let
through what stays on this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.models.conftest import PLACES, rows, write_csv
from tests.needs import COMPILER
from tests.running import ROOT, parley_command, start_embedded, wait_until

# Named so, Python imports it before anything else.
PYTHON = """
import os, socket, sys

LOG = os.open(os.environ["EAR"], os.O_WRONLY | os.O_APPEND)
HERE = ("127.", "0.0.0.0", "localhost", "::1")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def say(kind, what):
    os.write(LOG, f"{kind} {what}\\n".encode())

def refuse(kind, what):
    say(kind, what)
    raise OSError(f"the ear refuses {kind} {what}")

def hear(event, given):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = given[0].decode() if isinstance(given[0], bytes) else given[0]
        if host and not host.startswith(HERE):
            refuse("name", host)
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        if isinstance(given[1], tuple) and not str(given[1][0]).startswith(HERE):
            refuse("connection", given[1][0])
    elif event == "open" and isinstance(given[0], (str, bytes)) and (given[2] or 0) & WRITES:
        say("file", os.path.abspath(os.fsdecode(given[0])))
    elif event == "sqlite3.connect":
        say("file", os.path.abspath(given[0]))

sys.addaudithook(hear)
"""

NATIVE = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const char *kind, const char *what) {
    char line[300];
    int log = open(getenv("EAR"), O_WRONLY | O_APPEND | O_CLOEXEC);
    int size = snprintf(line, sizeof line, "%s %s\n", kind, what);
    if (log >= 0 && write(log, line, size < 299 ? size : 299) < 0) errno = 0;
    if (log >= 0) close(log);
}
static int is_here(const char *name) {
    if (!name || !*name || !strcmp(name, "::1") || !strcmp(name, "0.0.0.0")) return 1;
    return !strncmp(name, "127.", 4) || !strncmp(name, "localhost", 9);
}
int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!is_here(name)) { say("name", name); return EAI_NONAME; }
    next = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(name, port, hints, found);
}
struct hostent *gethostbyname2(const char *name, int family) {
    struct hostent *(*next)(const char *, int) = dlsym(RTLD_NEXT, "gethostbyname2");
    if (!is_here(name)) { say("name", name); h_errno = HOST_NOT_FOUND; return NULL; }
    return next(name, family);
}
struct hostent *gethostbyname(const char *name) { return gethostbyname2(name, AF_INET); }
int connect(int fd, const struct sockaddr *to, socklen_t size) {
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    char shown[INET6_ADDRSTRLEN] = "127.";
    if (to->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *) to)->sin_addr, shown, sizeof shown);
    if (to->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *) to)->sin6_addr, shown, sizeof shown);
    if (!is_here(shown)) { say("connection", shown); errno = ENETUNREACH; return -1; }
    return next(fd, to, size);
}
"""

# What a wheel would do that has native code: no audit event tells of it.
BY_ITSELF = """
import ctypes, socket
libc = ctypes.CDLL(None)
found = ctypes.c_void_p()
assert libc.getaddrinfo(b"telemetry.example.com", b"443", None, ctypes.byref(found)) != 0
port = (443).to_bytes(2, "big")
to = socket.AF_INET.to_bytes(2, "little") + port + socket.inet_aton("192.0.2.7") + bytes(8)
fd = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
assert libc.connect(fd, to, len(to)) == -1
"""
AS_PYTHON = """
import contextlib, socket
for ask in (lambda: socket.getaddrinfo("telemetry.example.com", 443),
            lambda: socket.socket().connect(("192.0.2.7", 443))):
    with contextlib.suppress(OSError):
        ask()
open("left-behind", "w").close()
"""


@dataclass(frozen=True)
class Ear:
    """What was heard in all processes that had its ``environment``; ``room`` has their home and their cwd."""

    log: Path
    room: Path
    environment: dict[str, str]

    def heard(self, kind: str) -> set[str]:
        """Return the names, connections or files that were asked for."""
        lines = (line.split(" ", 1) for line in self.log.read_text().splitlines())
        return {what for said, what in lines if said == kind}

    def run(self, *arguments: str | Path, given: str = "") -> str:
        """Run a command of ours in the room, on a data folder there, and return what it printed."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        own = {"PARLEY_DATA_DIR": str(self.room / "data")}
        done = subprocess.run(
            parley_command(*map(str, arguments)), cwd=self.room / "here", env=clean | self.environment | own,
            input=given, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def assert_silence(self, data: Path) -> None:
        """Fail if anything left, or lies where nobody looks for it."""
        assert (self.heard("name"), self.heard("connection")) == (set(), set())
        for_a_while = ("/dev/", "/proc/", str(self.room / "tmp"))  # of the last, nothing may be left
        elsewhere = {file for file in self.heard("file") if not file.startswith(f"{data}/")}
        assert {file for file in elsewhere if not file.startswith(for_a_while)} == set()
        left = [path for name in ("home", "tmp", "here") for path in (self.room / name).rglob("*")]
        assert left == []


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    """An ear, and an empty home for whom it hears."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(PYTHON)
    (tmp_path / "log").touch()
    for name in ("home", "tmp", "here"):
        (tmp_path / name).mkdir()
    environment = {
        "EAR": str(tmp_path / "log"),
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONPATH": os.pathsep.join((str(tmp_path / "hook"), str(ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "ORT_DISABLE_TELEMETRY"), ""),
    }
    if compiler := shutil.which("cc"):
        (tmp_path / "ear.c").write_text(NATIVE)
        library = tmp_path / "ear.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "ear.c", "-ldl"], check=True)
        environment["LD_PRELOAD"] = str(library)
    return Ear(tmp_path / "log", tmp_path, environment)


@pytest.mark.parametrize("program", [AS_PYTHON, BY_ITSELF])
def test_the_ear_hears_and_refuses(ear: Ear, program: str) -> None:
    if program == BY_ITSELF and "LD_PRELOAD" not in ear.environment:
        COMPILER.missing()
    subprocess.run([sys.executable, "-c", program], cwd=ear.room / "here", env=ear.environment, check=True)

    assert ear.heard("name") == {"telemetry.example.com"}
    assert ear.heard("connection") == {"192.0.2.7"}
    if program == AS_PYTHON:
        with pytest.raises(AssertionError):
            ear.assert_silence(ear.room / "data")


def test_a_whole_parley_says_nothing_to_anybody(ear: Ear) -> None:
    with start_embedded(**ear.environment) as parley:
        made = parley.post_comment("You are all morons, every last one of you who wrote this nonsense.")
        own = {"Parley-Receipt": made["receipt"]}

        def decided() -> bool:
            found = parley.call("GET", f"/api/v1/comments/{made['id']}", headers=own).json
            return found["status"] != "received"

        wait_until(decided, 60, "the comment was never decided")

    assert f"{parley.data / 'parley.db'}" in ear.heard("file"), "nobody listened"
    ear.assert_silence(parley.data)


def test_no_command_that_reads_or_makes_a_model_says_anything_to_anybody(ear: Ear) -> None:
    learn = write_csv(ear.room / "train.csv.gz", rows(PLACES[:5]))
    dev = write_csv(ear.room / "dev.csv.gz", rows(PLACES[5:]))
    text = "They should all be sent back where they came from, every last one of them."

    answer = json.loads(ear.run("score", given=json.dumps({"id": 1, "text": text})))
    ear.run("train", learn, dev, "--careful", "none", "--short")
    ear.run("evaluate", dev, "--short")

    assert answer["reader"] == "careful"
    ear.assert_silence(ear.room / "data")
