"""The server's own answers, to what the application never sees."""

from __future__ import annotations

import json

from waitress.task import ErrorTask
from waitress.utilities import Error, InternalServerError

from service.domain.errors import Unavailable

RETRY_S = 5
TITLES = {
    400: "Bad Request",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
UNREAD = {"type": "about:blank", "detail": "The request could not be read."}
BUSY = {
    "type": f"/problems/{Unavailable.code}",
    "title": Unavailable.title,
    "detail": "Too many comments come at the moment. Nothing was stored.",
}


class TooBusy(Error):  # type: ignore[misc]
    """A post that nobody has time for, and that was not begun."""

    code, reason = 503, "Service Unavailable"


class Refusal(ErrorTask):  # type: ignore[misc]
    """Answers with a problem document what could not be read, and closes; or what comes at a bad time."""

    def execute(self) -> None:
        """Write the answer."""
        code = 500 if isinstance(self.request.error, InternalServerError) else self.request.refused
        said = {"title": TITLES[code], "status": code, "instance": "urn:request:none"}
        body = json.dumps(said | (BUSY if code == TooBusy.code else UNREAD)).encode()
        self.status = f"{code} {TITLES[code]}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        # A page of another origin could not tell this from no answer.
        self.response_headers.append(("Access-Control-Allow-Origin", "*"))
        if code == TooBusy.code:
            self.response_headers.append(("Access-Control-Expose-Headers", "Retry-After"))
            self.response_headers.append(("Retry-After", str(RETRY_S)))
        else:
            self.version = "1.1"  # also where the request got no further than its first line
            self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
