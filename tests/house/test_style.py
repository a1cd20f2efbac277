"""Types, format and docstrings: one manner of writing everywhere."""

from __future__ import annotations

import ast
import re
import tokenize

import pytest

from tests.house.tree import BIN, PACKAGES, ROOT, name_of, run, sources


def test_types_are_strict() -> None:
    run(str(BIN / "mypy"))


@pytest.mark.training
def test_types_are_strict_where_torch_brings_its_own() -> None:
    run(str(BIN / "mypy"))


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_style_is_one(command: tuple[str, ...]) -> None:
    run(str(BIN / "ruff"), *command, "--quiet", ".")


def test_every_package_folder_is_a_package() -> None:
    for folder in (*PACKAGES, "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                assert (path.parent / "__init__.py").exists(), name_of(path)


def test_every_public_function_says_what_it_is_for() -> None:
    for path in sources(*PACKAGES):
        tree = ast.parse(path.read_bytes())
        if path.name == "__init__.py" and not tree.body:
            continue
        assert "migrations" in path.parts or ast.get_docstring(tree), f"{name_of(path)} has no docstring"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                known = ast.get_docstring(node) or "migrations" in path.parts
                assert known, f"{name_of(path)}: {node.name} has no docstring"


def test_sources_are_plain_utf_8() -> None:
    """No direction character may make code look like something else."""
    odd = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]")
    for path in sources(*PACKAGES, "tests"):
        with tokenize.open(path) as file:
            assert file.encoding == "utf-8", name_of(path)
            assert not odd.search(file.read()), name_of(path)
