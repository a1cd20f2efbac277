"""What a handler is handed has the type that it says.

Proves `service/web/context.py`, `service/web/typed.py` too.
"""

from __future__ import annotations

from dataclasses import fields
from inspect import isfunction
from typing import get_type_hints

import pytest

from service.api import comments, moderation, webhooks
from service.web.doors import Door
from service.web.typed import Typed

HANDLERS = [
    handler
    for module in (comments, moderation, webhooks)
    for handler in vars(module).values()
    if isfunction(handler) and isinstance(getattr(handler, "door", None), Door)
]
SCHEMAS = {
    type(schema)
    for handler in HANDLERS
    for schema in (handler.door.body, handler.door.query, handler.door.headers)
    if isinstance(schema, Typed)
}
FLAT = [schema for schema in SCHEMAS if "_arguments" not in vars(schema)]


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
def test_a_handler_takes_what_its_schemas_make(handler):
    hints = get_type_hints(handler.__wrapped__)

    for name in ("body", "query", "headers"):
        schema = getattr(handler.door, name)
        assert (name in hints) == (schema is not None), name
        if isinstance(schema, Typed):
            assert hints[name] is schema.makes, name


@pytest.mark.parametrize("schema", sorted(FLAT, key=lambda schema: schema.__name__))
def test_what_a_schema_makes_has_its_fields_and_is_frozen(schema):
    assert {field.name for field in fields(schema.makes)} == set(schema().fields)
    assert schema.makes.__dataclass_params__.frozen
