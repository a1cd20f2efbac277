"""From a trained network to the ONNX file that is shipped: fused, then rounded to 8 bits. Training only."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from torch import Tensor, nn

from models.training.network import HEADS, WIDTH, Network, base_folder

OPSET = 17


class _OneText(nn.Module):
    """A network that reads one text, so that there is no padding to hide."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor) -> Tensor:
        return self.network(ids, torch.ones_like(ids, dtype=torch.float32))


def to_onnx(network: Network) -> bytes:
    """Return a network as an ONNX file with 8-bit weights: input ``ids`` (1, length), output ``logits``."""
    with tempfile.TemporaryDirectory() as folder:
        plain, fused, small = (Path(folder) / name for name in ("plain.onnx", "fused.onnx", "small.onnx"))
        _write(network, plain)
        optimizer.optimize_model(
            str(plain), "bert", num_heads=HEADS, hidden_size=WIDTH, opt_level=0
        ).save_model_to_file(str(fused))
        quantize_dynamic(
            str(fused),
            str(small),
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # or sums overflow on processors without 8-bit dot products
            # Fused operators have no shape inference, so the type of what leaves them is told.
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
        return small.read_bytes()


def tokenizer_json() -> str:
    """Return the base model's tokenizer."""
    return (base_folder() / "tokenizer.json").read_text(encoding="utf-8")


def _write(network: Network, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter deprecates itself; its successor needs more packages
        torch.onnx.export(
            _OneText(network.float().eval().cpu()),
            (torch.ones(1, 8, dtype=torch.int64),),
            str(path),
            input_names=["ids"],
            output_names=["logits"],
            dynamic_axes={"ids": {1: "length"}},
            opset_version=OPSET,
            dynamo=False,
        )
