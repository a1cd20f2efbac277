"""What the tests of the Perspective doors share: an application without any database, and a marked scorer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask

from models.reading.language import detect_several
from service.app import create_app
from service.domain.scores import ATTRIBUTES
from service.settings import Settings
from tests.fakes import FakeReading

ANALYZE = "/v1alpha1/comments:analyze"
SUGGEST = "/v1alpha1/comments:suggestscore"
ENGLISH = "What do you think of it?"
GERMAN = "Das ist aber nicht schön von dir."
RUSSIAN = "Привет всем, как дела"
UNDETECTABLE = "I really do not know what you think you are doing here. " + "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
PRODUCTION = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")


@dataclass
class MarkedScorer:
    """Scores 0.9 where a text says "vile", else 0.1, and a little more for each later attribute.

    It reads English in full, German for TOXICITY alone, and writes down what it was asked.
    """

    asked: list[tuple[list[str], list[str | None], float | None]] = field(default_factory=list)
    model_id: str = "marked-1"
    attributes: tuple[str, ...] = ATTRIBUTES
    languages: frozenset[str] = frozenset({"en"})
    beta_languages: frozenset[str] = frozenset({"de"})

    def read(
        self,
        texts: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        within: float | None = None,
        spare: float | None = None,
    ) -> list[FakeReading]:
        told = list(languages or [None] * len(texts))
        self.asked.append((list(texts), told, within))
        return [self._read(text, code or "en") for text, code in zip(texts, told, strict=True)]

    def _read(self, text: str, code: str) -> FakeReading:
        named = self.attributes if code == "en" else ("TOXICITY",)
        base = 0.9 if "vile" in text else 0.1
        scores = {name: base + number / 128 for number, name in enumerate(named)}
        return FakeReading(scores, text, language=code)

    def explain(self, text: str, attribute: str = "TOXICITY") -> list[Any]:
        raise AssertionError("no door here explains")

    def normalise(self, text: str) -> str:
        return text

    def languages_of(self, text: str) -> tuple[list[str], bool]:
        return detect_several(text, supported=self.languages | self.beta_languages)


def application(scorer: Any, folder: Path) -> Flask:
    """Return an application that stores nothing and could not: no database, no Redis, no key wanted."""
    nowhere = folder / "nowhere"
    database, redis = f"sqlite:///{nowhere / 'x.db'}", f"unix://{nowhere / 'r'}"
    settings = Settings(
        nowhere, database, redis, b"k" * 32, perspective_keys="none", suggestion_days=0, log_level="error"
    )
    app = create_app(settings)
    app.extensions["parley"] = replace(app.extensions["parley"], scorer=lambda: scorer)
    return app


@contextmanager
def served(settings: Settings, scorer: Any, **chosen: Any) -> Iterator[Flask]:
    """Give an application on a test's own database, with a scorer and some settings of the test's."""
    app = create_app(replace(settings, log_level="error", **chosen))
    app.extensions["parley"] = replace(app.extensions["parley"], scorer=lambda: scorer)
    yield app
    app.extensions["parley"].db.close()


def request_body(text: str = ENGLISH, *attributes: str, **more: Any) -> dict[str, Any]:
    """Return a body that asks for some attributes, by default for TOXICITY."""
    return {
        "comment": {"text": text},
        "requestedAttributes": {name: {} for name in attributes or ("TOXICITY",)},
        **more,
    }
