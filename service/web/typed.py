"""Schemas whose loaded values are handed over as one typed object."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import Schema, post_load


class Typed(Schema):
    """A schema that loads into ``makes``, a frozen dataclass whose fields have the schema's names.

    What a request may leave out has its default there. A test compares each with its handler's parameter.
    """

    makes: ClassVar[type]

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Any:
        return self.makes(**self._arguments(values))

    def _arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return what ``makes`` is called with; for schemas that are not as flat as it is."""
        return values
