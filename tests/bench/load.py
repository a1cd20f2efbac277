"""A small load generator: keep-alive connections, requests made beforehand, times by a monotonic clock.

A server that closes a connection after an answer is connected to anew, in its own time, and that is counted.
Closed loop: each connection sends its next request when it has its answer; gives a rate. Open loop: requests
start on a fixed timetable whatever the answers do; gives honest latencies.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Request = Callable[[int], bytes]


@dataclass
class Result:
    """What a run saw. Times in seconds."""

    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    closed: int = 0  # connections that did not outlive their answer

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """Return a percentile of the answer times, in milliseconds."""
        return percentile(self.times, share) * 1000


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def get(path: str, **headers: str) -> bytes:
    """Return the bytes of a GET request."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def closed_loop(port: int, make: Request, *, seconds: float, connections: int = 16) -> Result:
    """Send as fast as the server answers, on a number of connections."""
    return asyncio.run(_closed(port, make, seconds, connections))


def open_loop(port: int, make: Request, *, rate: float, seconds: float, connections: int = 32) -> Result:
    """Send at a fixed rate. A request that finds all connections busy waits, and its wait counts."""
    return asyncio.run(_open(port, make, rate, seconds, connections))


def single(port: int, request: bytes) -> tuple[int, float]:
    """Send one request on a connection of its own; return the status, and the seconds until the answer."""
    return asyncio.run(_single(port, request))


class _Connection:
    """A connection that is made again after an answer with which the server closes it."""

    def __init__(self, port: int, result: Result) -> None:
        self.port, self.result = port, result
        self.ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> _Connection:
        """Connect where that has not been done."""
        if self.ends is None:
            self.ends = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def exchange(self, request: bytes) -> int:
        """Send a request and read its answer; return the status."""
        await self.open()
        assert self.ends is not None
        reader, writer = self.ends
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        lines = head.split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if length:
            await reader.readexactly(length)
        if b"connection: close" in lines or head.startswith(b"http/1.0"):
            self.result.closed += 1
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        """Connect no longer."""
        if self.ends is not None:
            self.ends[1].close()
            self.ends = None


async def _single(port: int, request: bytes) -> tuple[int, float]:
    connection = await _Connection(port, Result(0)).open()
    started = time.monotonic()
    status = await connection.exchange(request)
    taken = time.monotonic() - started
    connection.close()
    return status, taken


async def _closed(port: int, make: Request, seconds: float, connections: int) -> Result:
    numbers, result = itertools.count(), Result(seconds)
    until = time.monotonic() + seconds
    await asyncio.gather(*(_keep_sending(port, make, numbers, until, result) for _ in range(connections)))
    return result


async def _keep_sending(
    port: int, make: Request, numbers: Iterator[int], until: float, result: Result
) -> None:
    connection = await _Connection(port, result).open()
    while (started := time.monotonic()) < until:
        status = await connection.exchange(make(next(numbers)))
        _note(result, status, time.monotonic() - started)
    connection.close()


async def _open(port: int, make: Request, rate: float, seconds: float, connections: int) -> Result:
    result, free = Result(seconds), asyncio.Queue[_Connection]()
    for _ in range(connections):
        free.put_nowait(await _Connection(port, result).open())
    begin = time.monotonic()

    async def one(number: int) -> None:
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        connection = await free.get()
        status = await connection.exchange(make(number))
        free.put_nowait(connection)
        _note(result, status, time.monotonic() - due)

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    while not free.empty():
        free.get_nowait().close()
    return result


def _note(result: Result, status: int, taken: float) -> None:
    result.statuses[status] = result.statuses.get(status, 0) + 1
    result.times.append(taken)
