"""Headers that doors share: who may read an answer from another origin, and where a redirect leads."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request


@dataclass(frozen=True, slots=True)
class AnyOrigin:
    """What a browser is told at a door that pages of any origin may use; such a door never looks at cookies.

    ``exposed`` are headers of the answer that a page may read; ``methods`` and ``accepted`` headers are what
    it may send.
    """

    methods: str
    accepted: str
    exposed: str

    def allow(self, response: Response) -> Response:
        """Put the headers on an answer, and on that to a preflight what may be sent."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = self.exposed
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = self.methods
            response.headers["Access-Control-Allow-Headers"] = self.accepted
            response.headers["Access-Control-Max-Age"] = "86400"
        return response


READERS = AnyOrigin(
    methods="GET, POST, DELETE",
    accepted="Content-Type, Idempotency-Key, If-None-Match, Parley-Author, Parley-Receipt",
    exposed="ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
)
SCORING = AnyOrigin(
    methods="GET, POST",
    accepted="*, Authorization",  # the star leaves out that one
    exposed="Parley-Model, Parley-Unsure, Retry-After, X-Request-Id",
)
FOR_READERS = ("comments.", "embed.", "openapi.")  # beginnings of endpoints


def allow_host_pages(response: Response) -> Response:
    """Let host pages of any origin use the readers' doors."""
    return READERS.allow(response) if (request.endpoint or "").startswith(FOR_READERS) else response


def redirect_within(response: Response) -> Response:
    """Redirect to a path: the Host header is the caller's to choose, so no address is built from it."""
    location = response.headers.get("Location", "")
    if "://" in location and location.startswith(request.host_url):
        response.location = location[len(request.host_url) - 1 :]
    return response
