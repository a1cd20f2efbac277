"""The floor every rate is held against: a bare Flask route in the same web server."""

from flask import Flask


def make() -> Flask:
    """Return the application."""
    app = Flask(__name__)

    @app.get("/hello")
    def hello() -> str:
        return "ok"

    return app
