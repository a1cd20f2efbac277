"""The careful reader's training: the same data give the same network, interrupted or not.

Needs what `make train-tools` installs; elsewhere it is skipped.

Proves `models/training/export.py` and `models/training/network.py` too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.reading.careful import Encoder
from models.texts.data import COLUMNS, Labelled
from models.training.sources import OUTPUTS
from tests.needs import CAN_TRAIN

if CAN_TRAIN:
    import torch

    from models.training import careful as module
    from models.training.careful import finetune
    from models.training.export import to_onnx, tokenizer_json
    from models.training.network import Network
    from models.training.reopened import reopened

# Three small trainings are minutes of processor time.
pytestmark = [pytest.mark.training, pytest.mark.timeout(900)]

RUDE, CIVIL = "you stupid fool, go away and never come back", "thank you for the bread, it was very good"
DATA = Labelled(
    [f"{text} {i}" for i in range(48) for text in (RUDE, CIVIL)],
    np.tile([[1.0] * len(COLUMNS), [0.0] * len(COLUMNS)], (48, 1)),
    np.full(96, "mine"),
)


def quiet(line: str) -> None:
    pass


def trained(work: Path) -> Network:
    return finetune(DATA, work, quiet, epochs=2)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one whole training took place."""
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def network(work: Path) -> Network:
    """What came of it."""
    return trained(work)


def weights(network: Network) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def test_two_trainings_give_equal_weights_and_so_does_an_interrupted_one(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, again = weights(network), weights(trained(tmp_path / "again"))

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "CHECKPOINT_EVERY", 1)
    monkeypatch.setattr(module, "SAY_EVERY", 3)
    with pytest.raises(KeyboardInterrupt):
        finetune(DATA, tmp_path / "broken", stop, epochs=2)
    resumed = weights(trained(tmp_path / "broken"))

    for name, value in one.items():
        assert np.array_equal(value, again[name]), name
        assert np.allclose(value, resumed[name], rtol=0, atol=1e-9), name


def test_a_training_on_other_data_does_not_go_on_from_there(network: Network, work: Path) -> None:
    other = Labelled(DATA.texts[:32], DATA.labels[:32], DATA.sources[:32])

    with pytest.raises(ValueError, match="belongs to a training with other data"):
        finetune(other, work, quiet, epochs=2)


def test_the_exported_network_says_what_the_network_says(network: Network) -> None:
    encoder = Encoder(to_onnx(network), tokenizer_json())

    found = encoder.features([RUDE, CIVIL])[:, : len(OUTPUTS)]
    with torch.no_grad():
        pieces = [encoder._tokenizer.encode(text).ids for text in (RUDE, CIVIL)]
        wanted = [network(torch.tensor([row]), torch.ones(1, len(row)))[0].numpy() for row in pieces]

    assert found.shape == (2, len(OUTPUTS))
    assert np.abs(found - np.array(wanted)).max() < 0.3  # weights are rounded to eight bits
    assert found[0, 0] > found[1, 0]


def test_a_reader_taught_further_lies_between_what_it_was_and_what_it_learnt(
    network: Network, tmp_path: Path
) -> None:
    start = to_onnx(network)
    before = weights(reopened(start, len(OUTPUTS)))
    after = weights(finetune(DATA, tmp_path, quiet, epochs=1, start=start))
    learnt = torch.load(tmp_path / "progress.pt", weights_only=True)["network"]

    moved = {name for name, value in learnt.items() if not np.array_equal(value.numpy(), before[name])}
    assert "pieces.weight" not in moved
    assert {"head.weight", "blocks.0.query.weight", "blocks.5.query.weight"} <= moved
    for name, value in after.items():
        assert np.allclose(value, 0.8 * learnt[name].numpy() + 0.2 * before[name], atol=1e-6), name
