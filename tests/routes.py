"""Routes compiled once: tests make thousands of equal applications, and half of their making is this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compile_once() -> None:
    """Let equal rules of URLs share the functions that werkzeug compiles to write their URLs."""
    compiled: dict[tuple[Any, ...], Builder] = {}
    compile_anew = Rule._compile_builder

    def shared(rule: Rule, append_unknown: bool = True) -> Builder:
        converters = ((name, type(part), vars(part).keys()) for name, part in rule._converters.items())
        key = (*rule._trace, append_unknown, str(rule.defaults), str(list(converters)))
        if key not in compiled:
            compiled[key] = compile_anew(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = shared  # type: ignore[method-assign]
