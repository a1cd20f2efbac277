"""A network comes back from its file as it was, as far as eight bits allow."""

from __future__ import annotations

import numpy as np
import pytest

from models import SHIPPED
from models.reading.artifact import careful_of
from models.reading.careful import Encoder
from tests.needs import CAN_TRAIN

if CAN_TRAIN:
    import onnx
    import torch

    from models.training.reopened import reopened

pytestmark = [pytest.mark.training]


def test_it_says_what_the_file_says_and_new_outputs_begin_as_the_first() -> None:
    kept = careful_of(SHIPPED)
    encoder = Encoder(kept.network, kept.tokenizer)
    pieces = encoder._tokenizer.encode("you stupid fool, go away").ids
    old = encoder._run(pieces)
    network = reopened(kept.network, len(old) + 2).eval()
    with torch.no_grad():
        found = network(torch.tensor([pieces]), torch.ones(1, len(pieces)))[0].numpy()

    assert np.abs(found[: len(old)] - old).max() < 0.4  # what flows through it is rounded in the file
    assert found[len(old) :] == pytest.approx([found[0]] * 2)


def test_fewer_outputs_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 3"):
        reopened(careful_of(SHIPPED).network, 3)


def test_another_network_is_refused() -> None:
    empty = onnx.helper.make_graph([], "empty", [], [])

    with pytest.raises(ValueError, match="no network of the careful reader"):
        reopened(onnx.helper.make_model(empty).SerializeToString(), 12)
