"""The door for pages: the widget's files, and a demo article that shows the widget at work."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from service.context import context

bp = Blueprint("embed", __name__, template_folder="templates")

HERE = Path(__file__).parent
MIMETYPES = {".js": "text/javascript", ".css": "text/css"}
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
DOC_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)
LINE_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


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
    file = files().get(name)
    if file is None:
        abort(404)
    encoding = "gzip" if request.accept_encodings.quality("gzip") > 0 else ""
    answer = Response(file.packed if encoding else file.plain, content_type=f"{file.mimetype}; charset=utf-8")
    answer.headers.update(FILE_HEADERS)
    if encoding:
        answer.headers["Content-Encoding"] = encoding
    answer.set_etag(file.etag(encoding))
    answer.make_conditional(request)
    return answer


@bp.get("/demo")
def show_demo() -> Response:
    """Return an article with the widget under it, by the strict policy that newsrooms use."""
    public_url = context().settings.public_url
    root = f"{public_url}/" if public_url else request.url_root
    return Response(render_template("embed/demo.html", root=root), headers=PAGE_HEADERS)


@bp.get("/")
def show_home() -> BaseResponse:
    """Lead a newcomer to the demo article."""
    return redirect("/demo")


@cache
def files() -> dict[str, File]:
    """Return the widget's files by their name below ``/embed/``, read once in the life of a process."""
    return {
        path.relative_to(HERE).as_posix(): _file(path)
        for path in sorted(HERE.rglob("*"))
        if path.suffix in MIMETYPES
    }


def _file(path: Path) -> File:
    text = path.read_text(encoding="utf-8")
    plain = (without_comments(text) if path.suffix == ".js" else text).encode()
    return File(MIMETYPES[path.suffix], plain, gzip.compress(plain, 9, mtime=0))


def without_comments(script: str) -> str:
    """Leave out what only a developer reads: documentation, comment lines, indentation.

    Line numbers stay, so that a browser's error names the line in the source. This knows the manner
    of our own files (no ``/**`` in a text, no indentation that means something), not JavaScript.

    >>> without_comments("/** Doubles. */\\nfunction f(x) {\\n  // as it must\\n  return 2 * x\\n}")
    '\\nfunction f(x) {\\n\\nreturn 2 * x\\n}'
    """
    script = DOC_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), script)
    return INDENT.sub("", LINE_COMMENT.sub("", script))
