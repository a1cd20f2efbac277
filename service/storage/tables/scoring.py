"""What callers from outside hold and suggest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables.base import Base, Serial


class ModelChoice(Base):
    """The model that all hosts use, and those before it, the latest last. One row, once one was chosen.

    Names as in `models.registry`; ``number`` is another one after each choice.
    """

    __tablename__ = "model_choice"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    current: Mapped[str] = mapped_column(String(100))
    history: Mapped[list[Any]]
    number: Mapped[int]


class PerspectiveKey(Base):
    """A key for scoring from outside, recognised by the SHA-256 of its secret; ``id`` counts its quota."""

    __tablename__ = "perspective_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)  # no number is given twice
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    per_minute: Mapped[int]
    created_at: Mapped[datetime]


class Suggestion(Base):
    """The scores that somebody says a text should have; for training, and gone after a while.

    ``scores`` is attribute -> ``{"summary": number or null, "spans": [[begin, end, value], …]}``, offsets in
    UTF-16 code units. ``token`` is the sender's own reference, ``sender`` the name of its key.
    """

    __tablename__ = "suggestions"
    __table_args__ = (Index(None, "community", "id"), Index(None, "token"))
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    community: Mapped[str] = mapped_column(String(200))
    token: Mapped[str | None] = mapped_column(String(200))
    sender: Mapped[str | None] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(16))
    scores: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
