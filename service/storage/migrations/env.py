"""Alembic's entry: runs migrations on the connection that `service.storage.migrate` hands in."""

from typing import Any, Literal

from alembic import context

from service.storage.tables import Base, Instant


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column type by its SQL one: a migration must not change when our code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=render_item,
    compare_type=True,
)
context.run_migrations()
