"""Signs of life."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables.base import Base


class Heartbeat(Base):
    """When a worker last ran a task, and with which model."""

    __tablename__ = "heartbeats"
    worker: Mapped[str] = mapped_column(String(120), primary_key=True)
    seen_at: Mapped[datetime]
    model_id: Mapped[str | None] = mapped_column(String(80))
