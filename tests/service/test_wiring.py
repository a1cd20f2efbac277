"""A running process follows the choice of model, and never a bad one.

Proves `service/context.py` and `service/storage/model_choice.py` too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from models import load_scorer
from models.registry import Registry
from models.training.train import Plan, train
from service import wiring
from service.settings import ScoringSettings, Settings
from service.storage.database import Database
from service.wiring import LOOK_S, ModelInUse, make_context
from tests.models.conftest import PLACES, rows, write_csv
from tests.running import ROOT
from tests.service.api.parts import post

# A worker under a backlog: another model is chosen after the first batch of a drain.
DRAIN = """
import sys
from service import wiring
wiring.LOOK_S = 0.0
from models.registry import Registry
from workers import scoring
drain, used = scoring.deciding.drain, []
def one_by_one(db, *, scorer, clock, marks):
    used.append(scorer.model_id)
    if len(used) == 1:
        Registry(scoring.context().settings.data_dir).use(sys.argv[1])
    return drain(db, scorer=scorer, clock=clock, limit=1, marks=marks)
scoring.deciding.drain = one_by_one
scoring.drain()
print(*used)
"""


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two trained models."""
    folder = tmp_path_factory.mktemp("models")
    learn = write_csv(folder / "train.csv.gz", rows(PLACES[:5]))
    dev = write_csv(folder / "dev.csv.gz", rows(PLACES[5:]))
    for seed in (0, 1):
        train(Plan(learn, dev, seed=seed), folder / str(seed), lambda line: None)
    return folder / "0", folder / "1"


@pytest.fixture
def ids(folders: tuple[Path, Path]) -> tuple[str, str]:
    first, second = (load_scorer(folder).model_id for folder in folders)
    assert first != second
    return first, second


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """Settings on a data folder of its own; nothing here asks a database."""
    return Settings(tmp_path, f"sqlite:///{tmp_path / 'no.db'}", "unix:///nowhere/redis.sock", b"k" * 32)


@pytest.fixture
def registry(alone: Settings, folders: tuple[Path, Path]) -> Registry:
    """The first of the two models is in use."""
    registry = Registry(alone.data_dir)
    registry.use(str(folders[0]))
    return registry


@pytest.fixture
def errors() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that the wiring writes to the log."""
    wiring.log.__dict__.pop("bind", None)  # it keeps the first configuration it meets
    with capture_logs() as lines:
        yield lines
    wiring.log.__dict__.pop("bind", None)


def in_use(scorer: ModelInUse) -> str | None:
    found = scorer()
    return found.model_id if found else None


def test_without_a_choice_it_is_the_shipped_model_and_no_folder_is_made(tmp_path: Path) -> None:
    context = make_context(Settings(tmp_path / "data", f"sqlite:///{tmp_path / 'no.db'}", "unix:///no", b"k"))
    found = context.scorer()

    assert found is not None
    assert found.model_id == load_scorer().model_id
    assert list(tmp_path.iterdir()) == []


def test_another_choice_is_followed_within_five_seconds_and_a_rollback_too(
    alone: Settings, registry: Registry, folders: tuple[Path, Path], ids: tuple[str, str]
) -> None:
    time = Time()
    scorer = ModelInUse(alone, time)
    assert in_use(scorer) == ids[0]

    registry.use(str(folders[1]))
    assert in_use(scorer) == ids[0], "not looked yet: a look is not for every comment"
    time.now += LOOK_S
    assert in_use(scorer) == ids[1]

    registry.rollback()
    time.now += LOOK_S
    assert in_use(scorer) == ids[0]
    assert LOOK_S < 5


def test_a_bad_model_is_one_line_in_the_log_and_the_old_one_stays(
    alone: Settings, registry: Registry, folders: tuple[Path, Path], ids: tuple[str, str],
    errors: list[MutableMapping[str, Any]],
) -> None:  # fmt: skip
    time = Time()
    scorer = ModelInUse(alone, time)
    assert in_use(scorer) == ids[0]
    registry.use(str(folders[1]))
    (registry.folder / ids[1] / "weights.npz").write_bytes(b"not what was trained")
    for _ in range(5):
        time.now += LOOK_S
        assert in_use(scorer) == ids[0]

    [error] = [line for line in errors if line["log_level"] == "error"]
    assert "weights.npz" in error["error"]
    assert error["model"] == ids[0]

    registry.use(str(folders[1]))  # mends it
    time.now += LOOK_S
    assert in_use(scorer) == ids[1]


def test_a_choice_that_nobody_understands_changes_nothing(
    alone: Settings, registry: Registry, ids: tuple[str, str], errors: list[MutableMapping[str, Any]]
) -> None:
    time = Time()
    scorer = ModelInUse(alone, time)
    assert in_use(scorer) == ids[0]
    (registry.folder / "current.json").write_text("{")
    for _ in range(3):
        time.now += LOOK_S
        assert in_use(scorer) == ids[0]

    assert len([line for line in errors if line["log_level"] == "error"]) == 1


def test_a_process_that_begins_with_a_bad_model_has_none_until_a_good_one_is_chosen(
    alone: Settings, registry: Registry, folders: tuple[Path, Path], ids: tuple[str, str],
    errors: list[MutableMapping[str, Any]],
) -> None:  # fmt: skip
    shutil.rmtree(registry.folder / ids[0])
    time = Time()
    scorer = ModelInUse(alone, time)
    for _ in range(3):
        assert in_use(scorer) is None
        time.now += LOOK_S
    assert [line["event"] for line in errors] == ["no model"]

    registry.use(str(folders[1]))
    time.now += LOOK_S
    assert in_use(scorer) == ids[1]


def test_the_model_of_the_environment_is_used_whatever_is_chosen(
    alone: Settings, registry: Registry, folders: tuple[Path, Path], ids: tuple[str, str]
) -> None:
    time = Time()
    scorer = ModelInUse(replace(alone, model_dir=folders[1]), time)
    assert in_use(scorer) == ids[1]

    registry.use(ids[0])
    time.now += LOOK_S

    assert in_use(scorer) == ids[1]


def test_the_model_reads_as_the_settings_say_chosen_or_named(
    alone: Settings, registry: Registry, folders: tuple[Path, Path]
) -> None:
    text = ["What you say of the harbour is stupid."]
    plain, often = ScoringSettings(), ScoringSettings(prior=0.5)
    for folder in (None, folders[1]):
        scores = [
            found.read(text)[0].scores["TOXICITY"]
            for scoring in (plain, often)
            if (found := ModelInUse(replace(alone, model_dir=folder, scoring=scoring))())
        ]

        assert 0 < scores[0] < scores[1] < 1


def test_without_the_careful_reader_what_it_should_have_read_is_unsure(alone: Settings) -> None:
    texts = [f"I {verb} that {noun} are a disgrace." for verb in ("think", "heard", "doubt")
             for noun in ("mayors", "nurses", "Germans", "pigeons", "women", "critics")]  # fmt: skip
    on = ModelInUse(alone)()
    off = ModelInUse(replace(alone, scoring=ScoringSettings(careful="off")))()
    assert on is not None
    assert off is not None
    careful = [reading.reader == "careful" for reading in on.read(texts)]

    assert any(careful)
    assert [reading.is_unsure for reading in off.read(texts)] == careful
    assert {reading.reader for reading in off.read(texts)} == {"fast"}


def test_no_thread_gets_nothing_while_another_loads_the_first_model(
    alone: Settings, registry: Registry, ids: tuple[str, str]
) -> None:
    scorer, together = ModelInUse(alone), threading.Barrier(8)

    def ask(_: int) -> tuple[str | None, int]:
        together.wait()
        return in_use(scorer), id(scorer())

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))

    assert {model for model, _ in found} == {ids[0]}
    assert len(found) == 1, "it is loaded once"


def test_a_thread_goes_on_with_the_old_model_while_another_loads_the_new(
    alone: Settings, registry: Registry, folders: tuple[Path, Path], ids: tuple[str, str]
) -> None:
    time, asked = Time(), []

    class Asking(ModelInUse):
        """Looks at itself from another thread in the middle of loading."""

        def _load(self, registry: Registry) -> None:
            if self._scorer:
                with ThreadPoolExecutor(1) as pool:
                    asked.append(pool.submit(in_use, self).result(timeout=10))
            super()._load(registry)

    scorer = Asking(alone, time)
    assert in_use(scorer) == ids[0]
    registry.use(str(folders[1]))
    time.now += LOOK_S

    assert in_use(scorer) == ids[1]
    assert asked == [ids[0]]


def test_a_drain_under_a_backlog_goes_on_with_the_model_that_was_chosen_meanwhile(
    client: FlaskClient, settings: Settings, folders: tuple[Path, Path], ids: tuple[str, str]
) -> None:
    Registry(settings.data_dir).use(str(folders[0]))
    for text in ("A fine remark.", "Another one."):
        post(client, text)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_DATABASE_URL": settings.database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
    }
    ran = subprocess.run(
        [sys.executable, "-c", DRAIN, str(folders[1])],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    first, *others = ran.stdout.split()
    assert (first, set(others)) == (ids[0], {ids[1]})


@pytest.fixture
def hosts(postgres_db: Database, alone: Settings, folders: tuple[Path, Path]) -> tuple[Settings, Settings]:
    """Two hosts of server mode, each with a data folder of its own, of which one has both models."""
    url = postgres_db.engine.url.render_as_string(hide_password=False)
    here, there = (
        replace(alone, data_dir=alone.data_dir / name, database_url=url) for name in ("here", "there")
    )
    registry = wiring.registry_of(here, postgres_db)
    for folder in folders:
        registry.add(folder) if registry.folder.exists() else registry.use(str(folder))
    return here, there


def test_a_choice_in_the_database_is_followed_by_every_host_that_has_the_model(
    postgres_db: Database, hosts: tuple[Settings, Settings], folders: tuple[Path, Path], ids: tuple[str, str],
    errors: list[MutableMapping[str, Any]],
) -> None:  # fmt: skip
    """A container forgets its folder with itself: what says which model is in use may not lie there."""
    here, there = hosts
    time = Time()
    first, second = ModelInUse(here, time, db=postgres_db), ModelInUse(there, time, db=postgres_db)
    assert in_use(first) == ids[0]
    assert in_use(second) is None, "it has no model of that name, and asks nobody for one"

    wiring.registry_of(there, postgres_db).use(str(folders[0]))
    time.now += LOOK_S
    assert in_use(second) == ids[0]

    wiring.registry_of(here, postgres_db).use(ids[1])
    time.now += LOOK_S
    assert (in_use(first), in_use(second)) == (ids[1], ids[0])
    shutil.copytree(here.data_dir / "models" / ids[1], there.data_dir / "models" / ids[1])
    time.now += LOOK_S
    assert (in_use(first), in_use(second)) == (ids[1], ids[1])

    wiring.registry_of(there, postgres_db).rollback()
    time.now += LOOK_S
    assert (in_use(first), in_use(second)) == (ids[0], ids[0])


def test_while_the_database_does_not_say_which_model_the_one_before_stays(
    postgres_db: Database, hosts: tuple[Settings, Settings], ids: tuple[str, str]
) -> None:
    time, here = Time(), hosts[0]
    gone = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", pool_size=1)
    scorer, begun = ModelInUse(here, time, db=postgres_db), ModelInUse(here, time, db=gone)
    assert in_use(scorer) == ids[0]
    assert in_use(begun) is None, "any other model would be a guess"

    scorer._registry, begun._registry = begun._registry, scorer._registry
    time.now += LOOK_S
    assert (in_use(scorer), in_use(begun)) == (ids[0], ids[0])
    gone.close()


def test_models_may_lie_in_a_store_apart_from_the_data_folder(
    alone: Settings, folders: tuple[Path, Path], ids: tuple[str, str], tmp_path: Path
) -> None:
    stored = replace(alone, model_store=tmp_path / "store")
    wiring.registry_of(stored).use(str(folders[0]))

    assert in_use(ModelInUse(stored)) == ids[0]
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["current.json", ids[0]]
    assert not (alone.data_dir / "models").exists()
