"""Serve one application as `parley web` serves ours: its maker as module:function, a port, threads."""

from __future__ import annotations

import importlib
import sys

from service.running.web_server import listen, serve_app


def main(maker: str, port: str, threads: str) -> None:
    """Serve until told to stop."""
    module, _, name = maker.partition(":")
    app = getattr(importlib.import_module(module), name)()
    serve_app(app, listen("127.0.0.1", int(port)), int(threads))


if __name__ == "__main__":
    main(*sys.argv[1:])
