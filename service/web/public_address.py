"""The address that people use, which a proxy may have put a path before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import request

from service.context import context

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class UnderPath:
    """A WSGI application below the path of its public address.

    The proxy may hand the path on or take it away: a request with it and one without it are the same.
    """

    def __init__(self, application: Wsgi, path: str) -> None:
        self._application, self._path = application, path

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on, with the path where WSGI wants it."""
        asked = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = self._path
        if asked == self._path or asked.startswith(f"{self._path}/"):
            environ["PATH_INFO"] = asked[len(self._path) :] or "/"
        return self._application(environ, start_response)


def root_url() -> str:
    """Return the address of all pages, with a slash at its end: the public one, else what was asked for."""
    public = context().settings.public_url
    return f"{public}/" if public else request.url_root
