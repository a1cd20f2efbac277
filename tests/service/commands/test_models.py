"""`parley model`: one lists, shows, chooses, compares and rolls back, with a data folder or none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from models import load_scorer
from models.evaluating.evaluation import evaluate
from models.reading.files import sha256, to_json
from models.registry import Registry
from models.texts.data import read_labelled
from models.training.train import Plan, train
from service.storage.database import Database
from tests.models.conftest import PLACES, rows, write_csv
from tests.running import ROOT, parley_command
from tests.service.commands.conftest import Parley


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models ``a`` and ``b``, and ``dev.csv.gz`` with two sources."""
    folder = tmp_path_factory.mktemp("models")
    found = [{**row, "source": ("jigsaw2018_train", "elsewhere")[number % 3 == 0]}
             for number, row in enumerate(rows(PLACES[7:], 2))]  # fmt: skip
    dev = write_csv(folder / "dev.csv.gz", found)
    for name, places in (("a", PLACES[:7]), ("b", PLACES[:1])):
        plan = Plan(write_csv(folder / f"{name}.csv.gz", rows(places)), dev)
        train(plan, folder / name, lambda line: None)
    return folder


@pytest.fixture
def ids(folder: Path) -> tuple[str, str]:
    return load_scorer(folder / "a").model_id, load_scorer(folder / "b").model_id


def sealed(folder: Path) -> Path:
    """Make a model's manifest right again after a change."""
    (folder / "manifest.json").unlink()
    digests = {path.name: sha256(path.read_bytes()) for path in folder.iterdir()}
    (folder / "manifest.json").write_bytes(to_json(digests))
    return folder


def header_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "model.json").read_bytes())
    return found


def altered(source: Path, copy: Path, **changes: Any) -> Path:
    """Copy a model with another header."""
    shutil.copytree(source, copy)
    (copy / "model.json").write_bytes(to_json({**header_of(source), **changes}))
    return sealed(copy)


def limits(folder: Path, value: float, **others: float) -> dict[str, dict[str, float]]:
    """Return thresholds of one value, and others for some attributes."""
    return {
        code: dict.fromkeys(found, value) | others for code, found in header_of(folder)["thresholds"].items()
    }


def listed(parley: Parley) -> dict[str, dict[str, Any]]:
    """Return what the list says of each model that was added."""
    code, out, _ = parley("model", "list", "--json")
    assert code == 0
    return {row["model"]: row for row in json.loads(out) if not row["shipped"]}


def test_models_are_used_listed_shown_and_rolled_back(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    for name, model_id in zip("ab", ids, strict=True):
        code, out, error = parley("model", "use", folder / name)
        assert (code, error) == (0, "")
        assert out.startswith(f"{model_id} is chosen in {tmp_path / 'data' / 'models'}. ")
        assert json.loads(parley("model", "show")[1])["model"] == model_id

    assert {name: row["in_use"] for name, row in listed(parley).items()} == {ids[0]: False, ids[1]: True}
    assert parley("model", "rollback")[1].startswith(f"{ids[0]} is chosen")
    assert {name: row["in_use"] for name, row in listed(parley).items()} == {ids[0]: True, ids[1]: False}
    assert parley("model", "use", ids[1])[0] == 0
    assert json.loads(parley("model", "show")[1])["where"] == str(tmp_path / "data" / "models" / ids[1])


def test_the_table_marks_the_model_in_use_and_gives_its_figure(
    parley: Parley, folder: Path, ids: tuple[str, str]
) -> None:
    parley("model", "use", folder / "a")
    parley("model", "use", folder / "b")
    code, out, _ = parley("model", "list")
    head, *lines = out.splitlines()
    marks = {line[:3].strip(): line.split()[0 if line.startswith(" ") else 1] for line in lines}
    area = json.loads((folder / "b" / "evaluation.json").read_bytes())["attributes"]["TOXICITY"]["roc_auc"]

    assert code == 0
    assert head.split() == ["MODEL", "ADDED", "TOXICITY", "AUC", "WHERE"]
    assert len(lines) == 3
    assert marks["*"] == ids[1]
    assert f"  {area:.4f}  " in next(line for line in lines if ids[1] in line)
    assert [line for line in lines if "(shipped)" in line] == lines[:1]


def test_show_says_what_a_model_was_made_of_and_needs_no_installation(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    header = header_of(folder / "a")
    code, out, error = parley("model", "show", folder / "a")
    shown = json.loads(out)

    assert (code, error) == (0, "")
    assert (shown["model"], shown["where"]) == (ids[0], str(folder / "a"))
    assert shown["kind"] == "fast"
    for name in ("prior", "data_sha256", "languages", "beta_languages"):
        assert shown[name] == header[name], name
    assert shown["thresholds_by_language"] == header["thresholds"]
    assert shown["thresholds"] == header["thresholds"]["en"]
    assert sorted(shown["attributes"]) == sorted(shown["thresholds"])
    assert parley("model", "show", "--model", folder / "a") == (code, out, error)
    assert not (tmp_path / "data").exists()


def test_evaluate_and_score_take_an_id_or_a_folder(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    assert (
        json.loads(parley("evaluate", folder / "dev.csv.gz", "--json", "--model", folder / "b")[1])["model"]
        == ids[1]
    )
    assert not (tmp_path / "data").exists()
    parley("model", "use", folder / "a")
    parley("model", "use", folder / "b")
    assert (
        json.loads(parley("evaluate", folder / "dev.csv.gz", "--json", "--model", ids[0])[1])["model"]
        == ids[0]
    )

    for arguments, model_id in (((), ids[1]), (("--model", ids[0]), ids[0])):
        ended = subprocess.run(
            parley_command("score", *arguments), cwd=ROOT, input=b'{"id": 1, "text": "hi"}',
            capture_output=True, timeout=60, env={**os.environ, "PARLEY_DATA_DIR": str(tmp_path / "data")},
        )  # fmt: skip
        assert json.loads(ended.stdout)["model"] == model_id


def assert_one_sentence(answer: tuple[int, str, str], *words: str) -> None:
    code, out, error = answer
    assert (code, out) == (2, "")
    assert error.startswith("parley: ")
    assert error.count("\n") == 1
    for word in words:
        assert word in error


def test_a_bad_model_is_refused_with_the_reason_and_the_one_in_use_stays(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    parley("model", "use", folder / "a")
    examples = header_of(folder / "b")["self_test"]
    examples[8]["scores"]["TOXICITY"] /= 2
    bad = altered(folder / "b", tmp_path / "bad", self_test=examples)

    assert_one_sentence(parley("model", "use", bad), "self-test")
    assert_one_sentence(parley("model", "use", tmp_path), "unknown file")
    assert_one_sentence(
        parley("model", "use", "fast-000000000000"), "no model 'fast-000000000000'", "model list"
    )
    assert_one_sentence(parley("model", "show", "nothing"), "no model 'nothing'")
    assert_one_sentence(parley("model", "compare", ids[0], "x" * 300), "cannot be used")
    assert json.loads(parley("model", "show")[1])["model"] == ids[0]
    assert set(listed(parley)) == {ids[0]}


def test_without_an_earlier_choice_there_is_nothing_to_roll_back_to(parley: Parley, tmp_path: Path) -> None:
    assert_one_sentence(parley("model", "rollback"), "no model before")
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    parley: Parley, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").touch()

    assert_one_sentence(parley("model", "use", folder / "a"), "Not a directory")


def test_a_choice_that_cannot_be_read_is_said_and_mended_by_another(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    parley("model", "use", folder / "a")
    (tmp_path / "data" / "models" / "current.json").write_text("{")

    assert_one_sentence(parley("model", "show"), "current.json")
    assert_one_sentence(parley("model", "rollback"), "current.json")
    code, out, error = parley("model", "list")
    assert (code, error.count("\n")) == (2, 1)
    assert ids[0] in out
    assert "model use shipped" in error
    assert parley("model", "use", ids[0])[0] == 0
    assert listed(parley)[ids[0]]["in_use"]


def test_a_damaged_model_is_listed_as_bad(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    parley("model", "use", folder / "a")
    (tmp_path / "data" / "models" / ids[0] / "weights.npz").write_bytes(b"")

    assert "weights.npz" in listed(parley)[ids[0]]["problem"]
    assert " BAD: weights.npz" in parley("model", "list")[1]


def test_the_model_of_the_environment_wins_and_the_commands_say_so(
    parley: Parley, folder: Path, ids: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_MODEL_DIR", str(folder / "b"))
    said = f"parley: PARLEY_MODEL_DIR is set: {folder / 'b'} is used whatever is chosen.\n"
    assert parley("model", "use", folder / "a")[::2] == (0, said)

    code, out, error = parley("model", "show")
    assert (code, json.loads(out)["model"], error) == (0, ids[1], said)
    found = {name: (row["chosen"], row["in_use"]) for name, row in listed(parley).items()}
    assert found == {ids[0]: (True, False), ids[1]: (False, True)}
    assert any(line.startswith(f"(*)  {ids[0]}") for line in parley("model", "list")[1].splitlines())
    assert parley("model", "show", ids[0])[2] == "", "this one was asked for by name"

    monkeypatch.setenv("PARLEY_MODEL_DIR", str(folder))
    assert_one_sentence(parley("model", "show"), "cannot be used")
    assert parley("model", "list")[0] == 0


def compared(parley: Parley, a: object, b: object, data: Path) -> dict[str, Any]:
    code, out, error = parley("model", "compare", a, b, "--data", data, "--json")
    assert (code, error) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_compare_sets_the_figures_of_both_side_by_side(
    parley: Parley, folder: Path, ids: tuple[str, str]
) -> None:
    data = folder / "dev.csv.gz"
    found = compared(parley, folder / "a", folder / "b", data)
    alone = [evaluate(load_scorer(folder / name), data) for name in "ab"]

    assert found["models"] == {"a": ids[0], "b": ids[1]}
    assert (found["data_sha256"], found["rows"]) == (alone[0]["data_sha256"], alone[0]["rows"])
    for attribute, row in found["attributes"].items():
        for figure in ("roc_auc", "ece", "recall"):
            a, b = (of["attributes"][attribute][figure] for of in alone)
            assert row[figure] == {"a": a, "b": b, "difference": pytest.approx(b - a, abs=1e-9)}
    assert set(found["attributes"]) == set(alone[0]["attributes"])
    assert set(found["sources"]) == {"elsewhere", "jigsaw2018_train"}
    assert found["sources"]["jigsaw2018_train"] == found["attributes"]
    assert found["sources"]["elsewhere"]["TOXICITY"] != found["attributes"]["TOXICITY"]
    assert -1 <= found["toxicity_rank_correlation"] < 1
    assert any(row["ece"]["difference"] for row in found["attributes"].values()), "the models are too alike"


def test_a_model_compared_with_itself_differs_in_nothing(parley: Parley, folder: Path) -> None:
    found = compared(parley, folder / "a", folder / "a", folder / "dev.csv.gz")

    differences = [
        row[name]["difference"] for row in found["attributes"].values() for name in ("ece", "recall")
    ]
    assert set(differences) == {0.0}
    assert found["toxicity_rank_correlation"] == 1.0
    assert found["decisions"] == {"newly_reviewed": 0.0, "no_longer_reviewed": 0.0}


def test_changed_decisions_are_counted_in_each_direction(
    parley: Parley, folder: Path, tmp_path: Path
) -> None:
    for name, limit in (("nothing", 1.0), ("everything", 0.0)):
        altered(folder / "a", tmp_path / name, thresholds=limits(folder / "a", limit))
    data = folder / "dev.csv.gz"

    for a, b, expected in (("nothing", "everything", (1.0, 0.0)), ("everything", "nothing", (0.0, 1.0))):
        found = compared(parley, tmp_path / a, tmp_path / b, data)["decisions"]
        assert (found["newly_reviewed"], found["no_longer_reviewed"]) == expected


def test_shares_are_those_of_a_site_and_not_of_an_over_sampled_file(
    parley: Parley, folder: Path, tmp_path: Path
) -> None:
    """Of comments at large, a tenth has any label; so much changes if just these are newly reviewed."""
    altered(folder / "a", tmp_path / "nothing", thresholds=limits(folder / "a", 1.0))
    data = read_labelled(folder / "dev.csv.gz")
    rude = (data.labels[:, 0] >= 0.5).tolist()
    scores = [reading.scores["TOXICITY"] for reading in load_scorer(folder / "a").read(data.texts)]
    between = min(score for score, is_rude in zip(scores, rude, strict=True) if is_rude)
    assert between > max(score for score, is_rude in zip(scores, rude, strict=True) if not is_rude)
    exact = altered(folder / "a", tmp_path / "exact", thresholds=limits(folder / "a", 1.0, TOXICITY=between))
    found = compared(parley, tmp_path / "nothing", exact, folder / "dev.csv.gz")

    assert found["decisions"] == {"newly_reviewed": 0.1, "no_longer_reviewed": 0.0}


def test_the_comparison_is_printed_for_people_too(parley: Parley, folder: Path, ids: tuple[str, str]) -> None:
    code, out, error = parley("model", "compare", folder / "a", folder / "b", "--data", folder / "dev.csv.gz")
    found = compared(parley, folder / "a", folder / "b", folder / "dev.csv.gz")
    line = next(line for line in out.splitlines() if line.startswith("TOXICITY")).split()

    assert (code, error) == (0, "")
    assert out.startswith(f"A is {ids[0]}, B is {ids[1]}; {found['rows']} comments")
    assert float(line[3]) == found["attributes"]["TOXICITY"]["roc_auc"]["a"]
    assert float(line[-1]) == found["attributes"]["TOXICITY"]["recall"]["difference"]
    assert "\nin elsewhere:\n" in out
    assert f"Rank correlation of TOXICITY: {found['toxicity_rank_correlation']:.4f}\n" in out


def test_a_comparison_without_usable_data_is_one_sentence(
    parley: Parley, folder: Path, tmp_path: Path
) -> None:
    both = (folder / "a", folder / "b")
    one_kind = write_csv(
        tmp_path / "civil.csv.gz", [row for row in rows(PLACES[:1]) if row["toxicity"] == "0"]
    )

    assert_one_sentence(parley("model", "compare", *both), "a file of labelled comments", "--data DEV.csv.gz")
    assert_one_sentence(parley("model", "compare", *both, "--data", tmp_path / "none"), "no such data file")
    assert_one_sentence(parley("model", "compare", *both, "--data", tmp_path), "Cannot compare")
    assert_one_sentence(
        parley("model", "compare", *both, "--data", folder / "a" / "model.json"), "lacks the columns"
    )
    assert_one_sentence(parley("model", "compare", *both, "--data", one_kind), "rows of both kinds")


def test_a_model_without_figures_is_listed_all_the_same(
    parley: Parley, folder: Path, ids: tuple[str, str], tmp_path: Path
) -> None:
    bare, odd = (Path(shutil.copytree(folder / name, tmp_path / name)) for name in "ab")
    (bare / "evaluation.json").unlink()
    (odd / "evaluation.json").write_bytes(to_json({"attributes": {"TOXICITY": 3}}))
    for copy in (sealed(bare), sealed(odd)):
        assert parley("model", "use", copy)[0] == 0

    assert [listed(parley)[name]["toxicity_auc"] for name in ids] == [None, None]


def test_use_says_whose_choice_it_is(parley: Parley, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parley("model", "use", "--help")

    assert "This acts on this host's data folder" in " ".join(capsys.readouterr().out.split())


def test_what_is_chosen_here_is_what_the_registry_says(parley: Parley, folder: Path, tmp_path: Path) -> None:
    parley("model", "use", folder / "a")

    assert Registry(tmp_path / "data").in_use().model_id == json.loads(parley("model", "show")[1])["model"]


def test_on_a_server_s_database_the_choice_counts_for_all_hosts_and_is_told(
    parley: Parley, postgres_db: Database, folder: Path, ids: tuple[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    url = postgres_db.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("PARLEY_DATABASE_URL", url)
    monkeypatch.setenv("PARLEY_MODEL_STORE", str(tmp_path / "store"))
    code, out, error = parley("model", "use", folder / "a")

    assert (code, error) == (0, "")
    assert out.startswith(f"{ids[0]} is chosen for all hosts.")
    assert [path.name for path in (tmp_path / "store").iterdir()] == [ids[0]]
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "another-container"))
    assert json.loads(parley("model", "show")[1])["model"] == ids[0]
    assert "model" in parley("audit", "log", "--kind", "model")[1]
    monkeypatch.setenv("PARLEY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    code, out, error = parley("model", "show")
    assert (code, out, error.count("\n")) == (2, "", 1)
