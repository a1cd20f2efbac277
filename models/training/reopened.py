"""A network read back from its ONNX file with 8-bit weights, to be trained on. Needs torch and onnx."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from models.training.network import LAYERS, WIDTH, Network

Arrays = Mapping[str, NDArray[np.float32]]


def reopened(content: bytes, outputs: int) -> Network:
    """Return the network of `models.training.export.to_onnx`, as exact as its rounded weights are.

    Parameters
    ----------
    content : bytes
    outputs : int
        Of the new network. Those beyond the old ones begin as its first, from which they can part.

    Raises
    ------
    ValueError
        If it is no such file, or has more outputs.
    """
    graph = onnx.load_model_from_string(content).graph
    held = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    stems = [name.removesuffix("_quantized") for name in held if name.endswith("_quantized")]
    wide = {stem: _widened(held, stem) for stem in stems}
    # In the order of the graph: after attention, and the two of the inner layer, block by block.
    inner = [array for name, array in wide.items() if name.startswith("onnx::MatMul")]
    try:
        state = _state({**held, **wide}, inner)
    except (KeyError, IndexError) as error:
        raise ValueError(f"this is no network of the careful reader: {error}") from error
    head = state["head.weight"]
    if len(head) > outputs:
        raise ValueError(f"the network has {len(head)} outputs, more than {outputs}")
    more = [0] * (outputs - len(head))
    state["head.weight"] = np.concatenate([head, head[more]])
    state["head.bias"] = np.concatenate([state["head.bias"], state["head.bias"][more]])
    network = Network(outputs)
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()})
    return network


def _widened(held: Arrays, stem: str) -> NDArray[np.float32]:
    small, zero = (held[f"{stem}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
    return np.asarray((small - zero) * held[f"{stem}_scale"])


def _state(held: Arrays, inner: list[NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    state = {
        "pieces.weight": held["network.pieces.weight"],
        "places.weight": held["network.places.weight"],
        "head.weight": held["network.head.weight_Transposed"].T,
        "head.bias": held["network.head.bias"],
    }
    state |= {f"start.{kind}": held[f"network.start.{kind}"] for kind in ("weight", "bias")}
    for i in range(LAYERS):
        block = f"blocks.{i}"
        weight, bias = held[f"Attention_{i}_qkv_weight"], held[f"Attention_{i}_qkv_bias"]
        for at, part in enumerate(("query", "key", "value")):
            columns = slice(at * WIDTH, (at + 1) * WIDTH)
            state[f"{block}.{part}.weight"] = weight[:, columns].T
            state[f"{block}.{part}.bias"] = bias[columns]
        for at, part in enumerate(("mix", "widen", "narrow")):
            state[f"{block}.{part}.weight"] = inner[3 * i + at].T
            state[f"{block}.{part}.bias"] = held[f"network.{block}.{part}.bias"]
        for part in ("after_attention", "after_inner"):
            for kind in ("weight", "bias"):
                state[f"{block}.{part}.{kind}"] = held[f"network.{block}.{part}.{kind}"]
    return state
