"""How long a function, a module, a script and a file may be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, name_of, nodes, sources, tracked

MAX_FUNCTION, MAX_MODULE, MAX_SCRIPT = 40, 400, 300  # lines
LARGE_BYTES, ENCODER_BYTES = 1_500_000, 25_000_000  # the shipped encoder is the one large file

# A migration is a list of tables, in the order in which they are made.
SHORT = [path for path in sources(*PACKAGES, "tests") if "migrations" not in path.parts]


@pytest.mark.parametrize("path", SHORT, ids=name_of)
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text()

    if not path.is_relative_to(ROOT / "tests"):  # a list of cases may be long
        assert text.count("\n") <= MAX_MODULE, f"{text.count(chr(10))} lines"
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1 - lines_of_docstring(node)
            assert size <= MAX_FUNCTION, f"{node.name} has {size} lines"


@pytest.mark.parametrize("path", sorted((ROOT / "service").rglob("*.js")), ids=name_of)
def test_scripts_are_short(path: Path) -> None:
    assert path.read_text().count("\n") <= MAX_SCRIPT


def lines_of_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    said = ast.get_docstring(node) is not None
    return (first.end_lineno or 0) - first.lineno + 1 if said else 0


def test_no_file_is_larger_than_a_reader_would_clone() -> None:
    for path in tracked():
        limit = ENCODER_BYTES if path.name == "encoder.onnx" else LARGE_BYTES
        assert path.stat().st_size < limit, name_of(path)
