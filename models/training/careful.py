"""Fine-tuning of the careful reader: from lessons to a network. Training only; needs torch."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn.functional import binary_cross_entropy_with_logits

from models.reading.careful import cut, vocabulary_of
from models.texts.data import Labelled
from models.training.careful_lessons import Lessons, epoch
from models.training.network import Network, base_folder, from_base
from models.training.reopened import reopened
from models.training.sources import OUTPUTS, SOURCES

BATCH = 32
POOL = 64  # batches whose texts are sorted by length together, so that little is padded
# Of the body and of the head: from the base weights, and from those of a trained reader.
BASE_RATES, TRAINED_RATES = (8e-5, 6e-4), (5e-5, 2e-4)
DECAY = 0.01
# How much of a reader that was taught further is what it learnt; the rest is what it was. So it forgets less
# of what the new lessons say little about. 0, .6 and 1 were tried on development data.
TAUGHT_SHARE = 0.8
WARM_UP = 0.04  # share of the steps
CHECKPOINT_EVERY, SAY_EVERY = 250, 50  # steps

Say = Callable[[str], None]


def finetune(
    data: Labelled, work: Path, say: Say, *, epochs: int = 2, seed: int = 0, start: bytes | None = None
) -> Network:
    """Train the careful reader's network, going on where an interrupted training stood.

    Equal data, seed, library versions and number of threads give equal weights, interrupted or not.

    Parameters
    ----------
    data : Labelled
        All English training rows.
    work : Path
        Folder for ``progress.pt``; a training with other data or settings there is refused.
    say : callable
        Told a line of progress now and then.
    start : bytes, optional
        The network of a trained careful reader, to go on from; else from the base weights. What is returned
        then lies between the two, see `TAUGHT_SHARE`.

    Raises
    ------
    FileNotFoundError, ValueError
        If the base weights are missing or wrong, ``start`` is no such network, or ``work`` holds another
        training.
    """
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = (reopened(start, len(OUTPUTS)) if start else from_base(len(OUTPUTS))).to(device).train()
    if start:
        _keep_pieces(network)
    rates = TRAINED_RATES if start else BASE_RATES
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    training = _Training(network, work, _identity(data, epochs, seed, start), device, rates)
    for number in range(epochs):
        lessons = epoch(data, vocabulary_of(tokenizer), seed, number)
        batches = list(_batches(lessons, tokenizer, Random(f"{seed}/{number}/order")))
        training.run(batches, number, epochs, say)
    return (blended(network.cpu(), reopened(start, len(OUTPUTS))) if start else network).eval()


def _keep_pieces(network: Network) -> None:
    """Leave what a trained network makes of each word piece: most of the weights, and little to learn."""
    for part in (network.pieces, network.places, network.start):
        part.requires_grad_(False)


def blended(taught: Network, before: Network) -> Network:
    """Return a network with the weighted mean of two networks' weights: `TAUGHT_SHARE` of the first's."""
    old = before.state_dict()
    state = {name: torch.lerp(old[name], value, TAUGHT_SHARE) for name, value in taught.state_dict().items()}
    taught.load_state_dict(state)
    return taught


class _Training:
    """The state of one training: network, optimiser, step; saved as it goes."""

    def __init__(
        self, network: Network, work: Path, identity: str, device: torch.device, rates: tuple[float, float]
    ) -> None:
        self.network, self.device, self.identity = network, device, identity
        head = [parameter for name, parameter in network.named_parameters() if name.startswith("head")]
        body = [parameter for name, parameter in network.named_parameters() if not name.startswith("head")]
        body = [parameter for parameter in body if parameter.requires_grad]
        groups = [{"params": body, "lr": rates[0]}, {"params": head, "lr": rates[1]}]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=DECAY, fused=True)
        self.rates, self.is_short = rates, _has_short_floats(device)
        self.file = work / "progress.pt"
        self.done = 0
        if self.file.exists():
            self._resume()

    def run(self, batches: list[_Batch], number: int, epochs: int, say: Say) -> None:
        """Take the steps of one epoch that were not taken yet."""
        # Every epoch has about as many batches; the rate's schedule takes them for equal.
        total, first = len(batches) * epochs, len(batches) * number
        begin, taken, losses = time.monotonic(), 0, 0.0
        for step, batch in enumerate(batches, start=first):
            if step < self.done:
                continue
            losses += self._step(batch, step / total)
            taken, self.done = taken + 1, step + 1
            if taken % SAY_EVERY == 0:
                left = (time.monotonic() - begin) / taken * (total - self.done)
                say(_bar(self.done, total, losses / SAY_EVERY, left))
                losses = 0.0
            if self.done % CHECKPOINT_EVERY == 0:
                self._save()
        self._save()

    def _step(self, batch: _Batch, progress: float) -> float:
        factor = min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP))
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * max(factor, 1e-3)
        ids, mask, targets, weights = (torch.from_numpy(part).to(self.device) for part in batch)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.is_short):
            logits = self.network(ids, mask)
        loss = binary_cross_entropy_with_logits(logits.float(), targets, weights, reduction="sum") / BATCH
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        return loss.item()

    def _save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "identity": self.identity,
            "done": self.done,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
        }
        fresh = self.file.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.file)

    def _resume(self) -> None:
        state = torch.load(self.file, weights_only=True, map_location=self.device)
        if state["identity"] != self.identity:
            raise ValueError(f"{self.file} belongs to a training with other data or settings; remove it")
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"].cpu())
        self.done = state["done"]


_Batch = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def _batches(lessons: Lessons, tokenizer: Any, rng: Random) -> Iterator[_Batch]:
    """Yield shuffled batches of texts of about equal length."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pieces = [cut(found.ids) for found in tokenizer.encode_batch(lessons.texts)]
    order = list(range(len(pieces)))
    rng.shuffle(order)
    batches = []
    for at in range(0, len(order), BATCH * POOL):
        pool = sorted(order[at : at + BATCH * POOL], key=lambda i: len(pieces[i]))
        batches += [pool[first : first + BATCH] for first in range(0, len(pool), BATCH)]
    rng.shuffle(batches)
    targets, weights = lessons.targets.astype(np.float32), lessons.weights.astype(np.float32)
    for rows in batches:
        ids, mask = _pad([pieces[i] for i in rows])
        yield ids, mask, targets[rows], weights[rows]


def _pad(pieces: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return piece ids (n, longest), filled up with zeros, and a mask that is 1 where a piece stands."""
    lengths = np.array([len(row) for row in pieces])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.zeros(mask.shape, np.int64)
    ids[mask] = np.concatenate([np.asarray(row, np.int64) for row in pieces])
    return ids, mask.astype(np.float32)


def _has_short_floats(device: torch.device) -> bool:
    """Say whether a device computes with 16-bit floats; where it imitates them it is ten times slower."""
    if device.type == "cuda":
        return True
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # type: ignore[no-untyped-call]


def _identity(data: Labelled, epochs: int, seed: int, start: bytes | None) -> str:
    """Return a digest of all that decides the outcome of a training."""
    settings = f"{OUTPUTS} {SOURCES} {epochs} {seed} {BATCH} {BASE_RATES} {TRAINED_RATES}"
    content = hashlib.sha256(settings.encode() + (start or b""))
    for text in data.texts:
        content.update(text.encode("utf-8", "surrogatepass") + b"\0")
    content.update(np.nan_to_num(data.labels, nan=-1.0).tobytes())
    return content.hexdigest()


def _bar(done: int, total: int, loss: float, left: float) -> str:
    filled = math.floor(24 * done / total)
    return f"[{'#' * filled}{'.' * (24 - filled)}] {done}/{total}, loss {loss:.4f}, {left / 60:.0f} min left"
