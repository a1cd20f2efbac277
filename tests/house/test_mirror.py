"""A module has its test where its name says, or the head of a test names the module that it proves.

`service/web/auth.py` is proved by `tests/service/web/test_auth.py`, and by every test whose docstring says
"Proves `service/web/auth.py`". A folder stands for all that is in it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.tree import PACKAGES, ROOT, name_of, nodes, sources


def heads() -> dict[str, set[str]]:
    """What each test module says that it proves."""
    found: dict[str, set[str]] = {}
    for path in sources("tests"):
        head = ast.get_docstring(ast.parse(path.read_bytes())) or ""
        said = re.search(r"^Proves (.*)", head, re.DOTALL | re.MULTILINE)
        if path.name.startswith("test_") and said:
            found[name_of(path)] = set(re.findall(r"`([\w/.]+)`", said[1]))
    return found


def needs_a_test(path: Path) -> bool:
    """Whether a module does something; a migration has its own test, and many `__init__` only name others."""
    does = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in nodes(path))
    return "migrations" not in path.parts and (path.name != "__init__.py" or does)


def is_found(path: Path, proved: set[str]) -> bool:
    """Whether a test has the module's name, or names the module or a folder that it is in."""
    own = ROOT / "tests" / path.parent.relative_to(ROOT) / f"test_{path.stem}.py"
    folders = {f"{name_of(one)}/" for one in path.parents if ROOT in one.parents}
    return own.exists() or bool(proved & {name_of(path), *folders})


def test_every_module_has_a_test_that_is_found_by_its_name() -> None:
    proved = set().union(*heads().values())
    modules = [path for path in sources(*PACKAGES) if needs_a_test(path)]
    without = [name_of(path) for path in modules if not is_found(path, proved)]

    assert not without, f"name them in the head of the test that proves them: {without}"


def test_what_a_head_says_that_it_proves_is_there() -> None:
    for test, modules in heads().items():
        for module in modules:
            assert (ROOT / module).exists(), f"{test} says that it proves {module}"
