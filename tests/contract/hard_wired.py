"""Python's clients of the Perspective API with Google's address, where its name leads to a port of ours.

`python -m tests.contract.hard_wired PORT` reads a JSON list of calls, ``{"client", "text", …}``, and writes
a list of what each client returned, or of the error that it raised.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

from googleapiclient.discovery import build
from perspective import PerspectiveAPI

from tests.contract.tls_front import NAME

SAMPLE = f"https://{NAME}/$discovery/rest?version=v1alpha1"  # as everybody has it from Google's own pages
look_up, connect = socket.getaddrinfo, socket.socket.connect


def lead_here(port: int) -> None:
    """Do for this process what DNS would do. No other name leads anywhere."""

    def here(address: tuple[str, int]) -> tuple[str, int]:
        if address not in ((NAME, 443), ("127.0.0.1", port)):
            raise socket.gaierror(f"nothing leads to {address}")
        return "127.0.0.1", port

    def look_up_here(host: str, service: int, *more: Any, **named: Any) -> Any:
        return look_up(*here((host, service)), *more, **named)

    def connect_here(self: socket.socket, address: tuple[str, int]) -> None:
        connect(self, here(address))  # httplib2 leaves the look-up to this call

    patched: Any = socket
    patched.getaddrinfo, patched.socket.connect = look_up_here, connect_here


def google(text: str, **more: Any) -> Any:
    """Score a text as Google's sample does."""
    with build(
        "commentanalyzer", "v1alpha1", developerKey="any", discoveryServiceUrl=SAMPLE, static_discovery=False
    ) as client:
        body = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, **more}
        return client.comments().analyze(body=body).execute()


def perspective(text: str, **more: Any) -> Any:
    """Score a text with the package of that name."""
    return PerspectiveAPI("any").analyze_comment(text, **more)


CLIENTS = {"google": google, "perspective": perspective}


def outcome(client: str, **call: Any) -> dict[str, Any]:
    """Make one call and say what came of it."""
    try:
        return {"value": CLIENTS[client](**call)}
    except Exception as error:
        return {"error": str(error)}


if __name__ == "__main__":
    lead_here(int(sys.argv[1]))
    json.dump([outcome(**call) for call in json.load(sys.stdin)], sys.stdout)
