"""The contracts of `pyproject.toml` themselves: what each forbids, tried in a copy of the tree, is found.

A copy gets one new file for each seed, and `lint-imports` reads it once. A contract without a seed fails.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.house.tree import BIN, PACKAGES, ROOT, imports, sources

IMPORTLINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: Mapping[str, Mapping[str, list[str]]] = {one["name"]: one for one in IMPORTLINTER["contracts"]}

LAYERS = "Rules below storage below use cases below doors below the command line"
USE_CASES = "Use cases know neither the web nor the broker nor the model"
RULES = "The rules import the standard library only"
STORAGE = "Storage speaks SQL and nothing else"
DOORS = "Doors ask use cases, and of storage they know the types of its rows only"
WIRING = "Context and wiring put parts together and decide nothing"
WORKERS = "The service asks for tasks by name and never imports the workers"
SCORING = "Scoring imports nothing of ours, and nothing of the web's"
READING = "What reads comments in production knows neither training nor labelled texts"
ROOMS = "Training stands on evaluation, evaluation on texts, texts on reading"

# Contract, file, what the file imports. A file that is there gets the line at its end.
SEEDS = [
    (LAYERS, "service/domain/appeals.py", "service.storage.database"),
    (LAYERS, "service/storage/appeals.py", "service.comments.own"),
    (LAYERS, "service/comments/appeals.py", "service.webhooks.relay"),
    (LAYERS, "service/sites/appeals.py", "service.upkeep.audit"),
    (LAYERS, "service/upkeep/appeals.py", "service.context"),
    (LAYERS, "service/moderation/appeals.py", "service.api.comments"),
    (LAYERS, "service/web/appeals.py", "service.review.views"),
    (LAYERS, "service/embed/appeals.py", "service.review.cards"),
    (LAYERS, "service/app.py", "service.running.supervisor"),
    *[
        (USE_CASES, f"service/{theme}/objections.py", library)
        for theme, library in zip(
            ("comments", "moderation", "webhooks", "scoring", "sites", "upkeep"),
            ("flask", "redis", "models", "celery", "numpy", "marshmallow"),
            strict=True,
        )
    ],
    (RULES, "service/domain/objections.py", "sqlalchemy"),
    (STORAGE, "service/storage/objections.py", "celery"),
    (STORAGE, "service/storage/tables/objections.py", "flask"),
    (DOORS, "service/api/objections.py", "service.storage.queue"),
    (DOORS, "service/review/objections.py", "sqlalchemy"),
    (DOORS, "workers/objections.py", "service.storage.outbox"),
    (WIRING, "service/context.py", "service.moderation.deciding"),
    (WIRING, "service/wiring.py", "service.domain.policy"),
    (WORKERS, "service/review/appeals.py", "workers.app"),
    (SCORING, "models/texts/appeals.py", "service.settings"),
    (SCORING, "models/appeals.py", "redis"),
    (READING, "models/reading/appeals.py", "sklearn"),
    (READING, "models/reading/objections.py", "models.training.joint"),
    (ROOMS, "models/evaluating/appeals.py", "models.training.train"),
]

# The libraries that a layer may know; every other one that we import anywhere must be forbidden there.
KNOWN = {
    USE_CASES: {
        "sqlalchemy",
        "psycopg",
        "orjson",
        "structlog",
        "argon2",
        "zxcvbn",
        "urllib3",
        "alembic",
        "cryptography",
    },
    STORAGE: {"sqlalchemy", "psycopg", "alembic", "orjson", "structlog"},
    RULES: set(),
}


def copied(folder: Path) -> Path:
    """Copy what imports what, without the data beside it."""
    for package in PACKAGES:
        keep = shutil.ignore_patterns("*.onnx", "*.npz", "*.json", "*.js", "*.html", "*.css", "__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=keep)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken(folder: Path) -> dict[str, str]:
    """Return for each broken contract what `lint-imports` says about it."""
    done = subprocess.run(
        (str(BIN / "lint-imports"), "--no-cache", "--no-logo"),
        cwd=folder, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Contracts:" in said, said
    _, _, details = said.partition("Broken contracts")
    sections = re.split(r"\n(\S[^\n]+)\n-+\n", details)
    return dict(zip(sections[1::2], sections[2::2], strict=True))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of a copy with all the seeds."""
    folder = copied(tmp_path_factory.mktemp("seeded"))
    for _, name, module in SEEDS:
        with (folder / name).open("a") as file:
            file.write(f"\nimport {module}\n")
    return broken(folder)


def test_each_contract_has_a_seed() -> None:
    assert {contract for contract, _, _ in SEEDS} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "name", "module"), SEEDS)
def test_a_seeded_violation_is_found(found: dict[str, str], contract: str, name: str, module: str) -> None:
    importer = name.removesuffix(".py").replace("/", ".")

    assert re.search(rf"{re.escape(importer)} -> {re.escape(module)}\b", found[contract])


@pytest.mark.parametrize("contract", KNOWN)
def test_a_library_is_known_to_a_layer_or_forbidden_there(contract: str) -> None:
    imported = {module.split(".")[0] for path in sources(*PACKAGES) for module in imports(path)}
    libraries = imported - sys.stdlib_module_names - {"service", "workers"}

    assert libraries - KNOWN[contract] <= set(CONTRACTS[contract]["forbidden_modules"])


def test_a_copy_as_it_is_keeps_all_contracts_but_a_folder_without_a_place_does_not(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert broken(folder) == {}

    (folder / "service" / "things").mkdir()
    (folder / "service" / "things" / "__init__.py").write_text("")
    said = broken(folder)

    assert list(said) == [LAYERS]
    assert "things" in said[LAYERS]
