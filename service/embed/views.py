"""The door for pages: the widget's files, and a demo article that shows the widget at work."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from service.embed import bundle
from service.web.public_address import root_url

bp = Blueprint("embed", __name__, template_folder="templates")

HERE = Path(__file__).parent
WIDGET = HERE / "widget"
FILE_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    # Always asked again, answered by 304: the modules of one release must never mix with another's.
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class File:
    """One of the widget's files as it is sent."""

    mimetype: str
    plain: bytes
    packed: bytes

    def etag(self, encoding: str) -> str:
        """Return the strong validator of one encoding."""
        return hashlib.blake2b(encoding.encode() + self.plain, digest_size=12).hexdigest()


@bp.get("/embed/<path:name>")
def show_file(name: str) -> Response:
    """Return one of the widget's files, and nothing else that may lie in the folder."""
    file = (debug_files() if "debug" in request.args else files()).get(name)
    if file is None:
        return _lead_on(name)
    encoding = "gzip" if request.accept_encodings.quality("gzip") > 0 else ""
    answer = Response(file.packed if encoding else file.plain, content_type=f"{file.mimetype}; charset=utf-8")
    answer.headers.update(FILE_HEADERS)
    if encoding:
        answer.headers["Content-Encoding"] = encoding
    answer.set_etag(file.etag(encoding))
    answer.make_conditional(request)
    return answer


def _lead_on(name: str) -> Response:
    """Lead from where a module lay before the widget had two halves to where it lies now."""
    places = {f"first/{name}": "?debug", f"later/{name}": ""}
    place = next((place for place in places if place in debug_files()), None)
    if place is None:
        abort(404)
    # Relative: a proxy may have put us below a folder of its own.
    return Response(status=302, headers=FILE_HEADERS | {"Location": place + places[place]})


@bp.get("/demo")
def show_demo() -> Response:
    """Return an article with the widget under it, by the strict policy that newsrooms use."""
    return Response(render_template("embed/demo.html", root=root_url()), headers=PAGE_HEADERS)


@bp.get("/")
def show_home() -> BaseResponse:
    """Lead a newcomer to the demo article."""
    return redirect(url_for("embed.show_demo"))


@cache
def files() -> dict[str, File]:
    """Return the widget's files by their name below ``/embed/``, made once in the life of a process."""
    sources = _sources()
    script, source_map = bundle.join(sources)
    scripts = {name: bundle.later(name, sources) for name in sources if not name.startswith("first/")}
    scripts[bundle.SCRIPT] = script
    made = {name: _file("text/javascript", bundle.squeezed(text)) for name, text in scripts.items()}
    styles = {path.name: _file("text/css", path.read_text(encoding="utf-8")) for path in HERE.glob("*.css")}
    return made | styles | {bundle.MAP: _file("application/json", source_map)}


@cache
def debug_files() -> dict[str, File]:
    """Return the widget's modules as they were written, each for itself, for ``?debug``."""
    sources = _sources()
    written = sources | {bundle.SCRIPT: f"export * from './{bundle.ENTRY}'\n"}
    return {name: _file("text/javascript", bundle.debug(text)) for name, text in written.items()}


def _sources() -> dict[str, str]:
    return {
        path.relative_to(WIDGET).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(WIDGET.rglob("*.js"))
    }


def _file(mimetype: str, text: str) -> File:
    plain = text.encode()
    return File(mimetype, plain, gzip.compress(plain, 9, mtime=0))
