"""Models can be chosen, and the choice undone; a bad model is never chosen."""

from __future__ import annotations

import itertools
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models import BadArtifact, load_scorer
from models.registry import HISTORY_AT_MOST, Choice, NoSuchModel, Registry, evaluation_of, header_of
from models.training.train import Plan, train
from tests.models.conftest import PLACES, rows, write_csv


@pytest.fixture(scope="session")
def other(samples: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of another model, trained on less."""
    folder = tmp_path_factory.mktemp("other")
    plan = Plan(write_csv(folder / "train.csv.gz", rows(PLACES[:2])), samples[1])
    train(plan, folder / "model", lambda line: None)
    return folder / "model"


@pytest.fixture
def registry(tmp_path: Path, trained: Path) -> Registry:
    """An empty one, where the trained model takes the place of the shipped one."""
    return Registry(tmp_path / "data", shipped=trained)


def id_of(folder: Path) -> str:
    return load_scorer(folder).model_id


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoil(folder: Path) -> Path:
    """Change one byte of a model."""
    weights = folder / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    return folder


def test_without_a_choice_the_shipped_model_is_in_use_and_looking_makes_nothing(
    registry: Registry, trained: Path, tmp_path: Path
) -> None:
    assert registry.in_use().model_id == id_of(trained)
    assert [entry.name for entry in registry.entries()] == ["shipped"]
    assert registry.state() is None
    with pytest.raises(NoSuchModel, match="no model before"):
        registry.rollback()
    assert list(tmp_path.iterdir()) == []


def test_a_used_folder_is_copied_and_no_longer_needed(
    registry: Registry, other: Path, tmp_path: Path
) -> None:
    given = Path(shutil.copytree(other, tmp_path / "given"))
    assert registry.use(str(given)).model_id == id_of(other)
    shutil.rmtree(given)

    assert registry.in_use().model_id == id_of(other)
    assert contents(registry.folder / id_of(other)) == contents(other)
    assert sorted(path.name for path in registry.folder.iterdir()) == ["current.json", id_of(other)]
    assert json.loads((registry.folder / "current.json").read_bytes()) == {
        "current": id_of(other), "history": ["shipped"],
    }  # fmt: skip


def test_a_model_is_known_by_its_id_and_the_shipped_one_by_both_its_names(
    registry: Registry, trained: Path, other: Path
) -> None:
    registry.use(str(other))

    for given, expected in [("shipped", trained), (id_of(other), other), (id_of(trained), trained)]:
        assert registry.use(given).model_id == registry.open(given).model_id == id_of(expected)
        assert registry.in_use().model_id == id_of(expected)
        assert contents(registry.located(given)) == contents(expected)
    assert registry.choice().current == "shipped", "by its id too, so that it follows the next release"


@pytest.mark.parametrize(
    "given", ["fast-000000000000", "./nowhere", "../models", "", "current.json", ".adding"]
)
def test_a_name_that_means_nothing_is_refused(registry: Registry, other: Path, given: str) -> None:
    registry.use(str(other))
    before = contents(registry.folder)

    with pytest.raises(BadArtifact):
        registry.use(given)
    assert contents(registry.folder) == before


def test_a_bad_model_is_refused_and_the_choice_stays(
    registry: Registry, trained: Path, other: Path, tmp_path: Path
) -> None:
    registry.use(str(other))
    before = contents(registry.folder)

    with pytest.raises(BadArtifact, match=r"weights\.npz"):
        registry.use(str(spoil(Path(shutil.copytree(trained, tmp_path / "bad")))))
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "notes.txt").touch()
    with pytest.raises(BadArtifact, match="unknown file"):
        registry.use(str(tmp_path / "strange"))
    assert contents(registry.folder) == before


def test_rolling_back_goes_one_choice_back_each_time(registry: Registry, trained: Path, other: Path) -> None:
    for given in (str(other), str(trained), id_of(other)):
        registry.use(given)
    back = [registry.rollback().model_id for _ in range(3)]

    assert back == [id_of(trained), id_of(other), id_of(trained)]
    assert registry.choice() == Choice("shipped", ())
    with pytest.raises(NoSuchModel, match="no model before"):
        registry.rollback()


def test_one_does_not_roll_back_to_a_bad_model(registry: Registry, other: Path) -> None:
    registry.use(str(other))
    registry.use("shipped")
    spoil(registry.folder / id_of(other))

    with pytest.raises(BadArtifact, match=r"weights\.npz"):
        registry.rollback()
    assert registry.choice() == Choice("shipped", ("shipped", id_of(other)))


def test_using_the_model_in_use_is_no_new_choice(registry: Registry, other: Path) -> None:
    for _ in range(3):
        registry.use(str(other))

    assert registry.choice() == Choice(id_of(other), ("shipped",))


def test_a_damaged_copy_is_mended_by_using_its_source_again(registry: Registry, other: Path) -> None:
    registry.use(str(other))
    spoil(registry.folder / id_of(other))
    with pytest.raises(BadArtifact):
        registry.in_use()
    before = registry.state()
    registry.use(str(other))

    assert registry.in_use().model_id == id_of(other)
    assert registry.state() != before, "a process that met the damaged one has to look again"


def test_every_choice_changes_the_state(registry: Registry, other: Path) -> None:
    states = [registry.state()]
    for given in (str(other), "shipped", "shipped", id_of(other)):
        registry.use(given)
        states.append(registry.state())
    registry.rollback()
    states.append(registry.state())

    assert all(a != b for a, b in itertools.pairwise(states)), states


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b"{}", b'{"current": 1, "history": []}', b'{"current": "shipped"}',
     b'{"current": "../../elsewhere", "history": []}', b'{"current": "shipped", "history": ["a/b"]}',
     b'{"current": "shipped", "history": 3}', b"[" * 100_000],
)  # fmt: skip
def test_a_choice_that_cannot_be_understood_is_an_error_until_another_is_made(
    registry: Registry, other: Path, content: bytes
) -> None:
    registry.use(str(other))
    (registry.folder / "current.json").write_bytes(content)
    with pytest.raises(BadArtifact, match="does not say which model"):
        registry.in_use()
    with pytest.raises(BadArtifact, match="does not say which model"):
        registry.rollback()
    assert {entry.name for entry in registry.entries()} == {"shipped", id_of(other)}

    registry.use(id_of(other))

    assert registry.in_use().model_id == id_of(other)


def test_a_model_under_the_name_of_another_is_refused(registry: Registry, other: Path) -> None:
    registry.use(str(other))
    (registry.folder / id_of(other)).rename(registry.folder / "fast-0123456789ab")

    with pytest.raises(BadArtifact, match="holds another model"):
        registry.use("fast-0123456789ab")


def test_what_a_killed_process_left_behind_is_no_model_and_in_nobodys_way(
    registry: Registry, trained: Path, other: Path
) -> None:
    shutil.copytree(trained, registry.folder / ".adding")
    (registry.folder / ".adding" / "more").mkdir()
    (registry.folder / ".current.json").write_bytes(b"{")
    assert [entry.name for entry in registry.entries()] == ["shipped"]

    registry.use(str(other))

    assert registry.in_use().model_id == id_of(other)
    assert not (registry.folder / ".adding").exists()


def test_entries_say_when_a_model_was_added_and_what_is_wrong_with_it(
    registry: Registry, trained: Path, other: Path
) -> None:
    registry.use(str(trained))
    registry.use(str(other))
    spoil(registry.folder / id_of(trained))
    found = {entry.name: entry for entry in registry.entries()}

    assert set(found) == {"shipped", id_of(trained), id_of(other)}
    assert (found["shipped"].model_id, found["shipped"].added) == (id_of(trained), None)
    fresh, bad = found[id_of(other)], found[id_of(trained)]
    assert fresh.problem is None
    assert fresh.added is not None
    assert datetime.now(UTC) - fresh.added < timedelta(minutes=5)
    assert "weights.npz" in (bad.problem or "")


def test_a_model_that_is_chosen_and_gone_is_among_the_entries(registry: Registry, other: Path) -> None:
    registry.use(str(other))
    shutil.rmtree(registry.folder / id_of(other))

    assert [(entry.name, entry.problem) for entry in registry.entries()] == [
        ("shipped", None), (id_of(other), "it is gone"),
    ]  # fmt: skip
    assert registry.rollback().model_id == registry.in_use().model_id


def test_a_shipped_model_that_is_bad_hides_no_other(tmp_path: Path, other: Path) -> None:
    registry = Registry(tmp_path, shipped=tmp_path / "nowhere")
    registry.use(str(other))

    assert [(entry.model_id, bool(entry.problem)) for entry in registry.entries()] == [
        (None, True), (id_of(other), False),
    ]  # fmt: skip
    assert registry.name_of("fast-000000000000") is None


def test_choices_at_the_same_time_are_all_made(registry: Registry, other: Path) -> None:
    for given in [str(other), "shipped"] * 6:
        registry.use(given)
    with ThreadPoolExecutor(12) as pool:
        assert len(list(pool.map(lambda _: registry.rollback(), range(12)))) == 12

    assert registry.choice() == Choice()


def test_history_has_an_end() -> None:
    choice = Choice()
    for number in range(HISTORY_AT_MOST + 5):
        choice = choice.then(f"fast-{number}")

    assert len(choice.history) == HISTORY_AT_MOST
    assert choice.history[-1] == f"fast-{HISTORY_AT_MOST + 3}"


def test_what_a_model_says_of_itself_is_read_and_its_absence_borne(trained: Path, tmp_path: Path) -> None:
    assert header_of(trained)["prior"] == 0.1
    assert evaluation_of(trained)["model"] == id_of(trained)
    assert header_of(tmp_path) == evaluation_of(tmp_path) == {}


class Kept:
    """A choice that hosts share, kept in this process."""

    def __init__(self) -> None:
        self.kept: tuple[Choice, int] | None = None

    def read(self) -> tuple[Choice, int] | None:
        return self.kept

    def write(self, choice: Choice) -> None:
        self.kept = choice, (self.kept[1] if self.kept else 0) + 1


def test_hosts_that_share_a_choice_use_the_same_model_once_each_has_it(
    other: Path, trained: Path, tmp_path: Path
) -> None:
    kept = Kept()
    here, there = (
        Registry(tmp_path / name, shipped=trained, shared=kept, folder=tmp_path / name / "store")
        for name in ("here", "there")
    )
    assert here.in_use().model_id == there.in_use().model_id == id_of(trained)
    here.use(str(other))
    before = there.state()

    assert here.in_use().model_id == id_of(other)
    assert sorted(path.name for path in (tmp_path / "here" / "store").iterdir()) == [id_of(other)]
    with pytest.raises((BadArtifact, OSError)):
        there.in_use()
    there.add(other)
    assert there.in_use().model_id == id_of(other)
    assert there.state() != before, "who met it missing looks again"
    there.rollback()
    assert here.in_use().model_id == id_of(trained)


def test_the_same_choice_once_more_is_another_state(other: Path, trained: Path, tmp_path: Path) -> None:
    registry = Registry(tmp_path, shipped=trained, shared=Kept())
    registry.use(str(other))
    before = registry.state()
    registry.use(id_of(other))

    assert registry.state() != before


def test_what_was_chosen_on_one_host_counts_until_a_first_choice_is_shared(
    other: Path, trained: Path, tmp_path: Path
) -> None:
    Registry(tmp_path, shipped=trained).use(str(other))
    registry = Registry(tmp_path, shipped=trained, shared=Kept())

    assert registry.in_use().model_id == id_of(other)
    registry.use("shipped")
    assert registry.in_use().model_id == id_of(trained)
    registry.rollback()
    assert registry.in_use().model_id == id_of(other)
