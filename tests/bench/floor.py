"""The floor every rate is held against: a bare Flask route under the same server settings."""

from flask import Flask

app = Flask(__name__)


@app.get("/hello")
def hello() -> str:
    return "ok"
