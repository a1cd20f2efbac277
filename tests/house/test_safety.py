"""What no file may hold: code from data, a shell, an index of packages, a path of somebody's machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, imports, name_of, nodes, sources, tracked

UNSAFE = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve", "skops"}
LOCKS = ("requirements.lock", "tests/requirements.lock")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|root|Users|work|workspace|mnt)/[\w.-]+")


def test_nothing_is_unpickled_anywhere() -> None:
    for path in sources(*PACKAGES):
        found = {module.split(".")[0] for module in imports(path)} & UNSAFE
        assert not found, (name_of(path), found)
        for node in nodes(path):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant), name_of(path)
                assert node.value.value is False, name_of(path)


def test_nothing_is_evaluated_and_no_shell_is_asked() -> None:
    for path in sources(*PACKAGES):
        for node in nodes(path):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "os.system", "os.popen"), (name_of(path), called)
                assert not [k for k in node.keywords if k.arg == "shell"], (name_of(path), called)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert " @ " not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if not entry.startswith("#"):
            assert "==" in entry, entry
            assert "--hash=sha256:" in entry, entry


def test_no_path_of_a_machine_is_written_down() -> None:
    for path in tracked():
        if path.suffix not in (".npz", ".gz", ".png", ".woff2", ".ico") and path != Path(__file__):
            found = MACHINE_PATH.search(path.read_text(errors="replace"))
            assert found is None, (name_of(path), found and found[0])
