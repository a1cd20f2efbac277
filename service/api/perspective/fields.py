"""Partial answers: the ``fields`` parameter of Google's APIs, such as ``languages,attributeScores(*)``."""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(r"[A-Za-z0-9_.*@-]+|[/,()]")
MAX_SELECTOR = 1000  # characters
MAX_DEPTH = 10
Tree = dict[str, "Tree"]


def selected(body: dict[str, Any], selector: str) -> dict[str, Any]:
    """Return what of an answer a selector asks for; all of it if the selector cannot be read.

    >>> selected({"a": [{"b": 1, "c": 2}], "d": 3}, "a(b),x")
    {'a': [{'b': 1}]}
    >>> selected({"a": {"b": 1, "c": 2, "d": 3}}, "a/b,a/c")
    {'a': {'b': 1, 'c': 2}}
    >>> selected({"a": 1}, "a((")
    {'a': 1}
    """
    tokens = TOKEN.findall(selector)
    if len(selector) > MAX_SELECTOR or "".join(tokens) != selector:
        return body
    try:
        tree = _Parser(tokens).whole()
    except _Unreadable:
        return body
    found: dict[str, Any] = _cut(body, tree)
    return found


class _Unreadable(Exception):
    pass


class _Parser:
    """Reads ``a,b/c,d(e,f)`` into a tree of names; a name without anything below it is wanted whole."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens[::-1]

    def whole(self) -> Tree:
        tree = self._list(0)
        if self._tokens:
            raise _Unreadable
        return tree

    def _list(self, depth: int) -> Tree:
        tree: Tree = {}
        while True:
            name = self._name()
            tree[name] = _joined(tree[name], self._below(depth)) if name in tree else self._below(depth)
            if not self._tokens or self._tokens[-1] != ",":
                return tree
            self._tokens.pop()

    def _below(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise _Unreadable
        follows = self._tokens[-1] if self._tokens else ""
        if follows == "/":
            self._tokens.pop()
            return {self._name(): self._below(depth + 1)}
        if follows == "(":
            self._tokens.pop()
            tree = self._list(depth + 1)
            if not self._tokens or self._tokens.pop() != ")":
                raise _Unreadable
            return tree
        return {}

    def _name(self) -> str:
        if not self._tokens or self._tokens[-1] in "/,()":
            raise _Unreadable
        return self._tokens.pop()


def _joined(one: Tree, other: Tree) -> Tree:
    """Return what either asks for; an empty tree asks for all."""
    if not one or not other:
        return {}
    both = {name: _joined(below, other[name]) for name, below in one.items() if name in other}
    return {**one, **other, **both}


def _cut(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_cut(one, tree) for one in value]
    if not isinstance(value, dict):
        return value
    every = tree.get("*")
    kept = {}
    for name, inner in value.items():
        below = tree.get(name, every)
        if below is not None:
            kept[name] = _cut(inner, below)
    return kept
