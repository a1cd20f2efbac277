"""Writing down which model was chosen. The choice itself is kept by `models.registry`."""

from __future__ import annotations

from datetime import datetime

from service.storage import ledger
from service.storage.database import Database


def tell(db: Database, action: str, model: str, before: str | None, now: datetime) -> None:
    """Write into the audit log that a model was chosen, and which one was before."""
    happening = ledger.untold("model", "in use", action, detail={"model": model, "before": before})
    with db.write() as connection:
        ledger.record(connection, happening, now)
