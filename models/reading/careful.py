"""The careful reader at work: an encoder in ONNX, fed by a word-piece tokenizer."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.numbers import Floats
from models.reading import identity
from models.reading.disguises import restore
from models.reading.normalise import readable

# Of a longer text the middle is not read: how a comment begins and how it ends tells most.
FIRST_PIECES, LAST_PIECES = 128, 64
EXTRAS = 2  # features beside the network's outputs: whether a group is named, and the length
CHARS_READ = 2_500


def vocabulary_of(tokenizer: Any) -> frozenset[str]:
    """Return the whole words of a tokenizer, which tell a disguised word from an odd one."""
    words = (piece for piece in tokenizer.get_vocab() if piece.isalpha() and len(piece) > 1)
    return frozenset(words) | {"a", "i"}


def as_read(text: str, known: Container[str]) -> str:
    """Return a text as the careful reader reads it: odd spellings undone, identity terms hidden.

    Of more than `CHARS_READ` characters the middle is left out.
    """
    if len(text) > CHARS_READ:
        text = f"{text[: CHARS_READ * 2 // 3]} {text[-CHARS_READ // 3 :]}"
    return identity.stand_in(readable(text, known))


def cut(pieces: list[int]) -> list[int]:
    """Return the pieces that are read.

    >>> len(cut(list(range(500)))), cut([101, 7, 102])
    (192, [101, 7, 102])
    """
    if len(pieces) <= FIRST_PIECES + LAST_PIECES:
        return pieces
    return pieces[:FIRST_PIECES] + pieces[-LAST_PIECES:]


class Encoder:
    """A loaded encoder. Reading changes nothing in it, so threads may share one.

    Texts are run one by one. The network rounds what flows through it by the largest number in a run, so in
    a batch a text's outputs would hang on its neighbours (by .1, measured); alone they never change. On one
    core it is no slower either: 357 texts a second, against 312 in batches of 32, for nothing is padded.

    Parameters
    ----------
    network : bytes
        ONNX with the input ``ids`` (1, length) int64 and the output ``logits`` (1, outputs) float32.
    tokenizer : str
        A word-piece tokenizer as JSON.
    threads : int
        Of one run.
    """

    def __init__(self, network: bytes, tokenizer: str, threads: int = 1) -> None:
        import onnxruntime  # late: a machine that runs the fast reader alone does without
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.known = vocabulary_of(self._tokenizer)
        (self._outputs,) = self._run([0]).shape
        self.width = self._outputs + EXTRAS  # of `features`

    def features(self, texts: Sequence[str]) -> Floats:
        """Return what the join sees of texts as typed, shape (n_texts, n_outputs + `EXTRAS`).

        The network's outputs; then 1 where a group is named; then the logarithm of the number of pieces read.
        """
        read = [identity.hide_phrases(restore(as_read(text, self.known))) for text in texts]
        found = self._tokenizer.encode_batch(read)
        features = np.empty((len(texts), self._outputs + EXTRAS))
        for row, (encoding, text) in enumerate(zip(found, read, strict=True)):
            pieces = cut(encoding.ids)
            features[row, : self._outputs] = self._run(pieces)
            features[row, self._outputs :] = identity.STAND_IN in text, np.log(len(pieces))
        return features

    def _run(self, pieces: Sequence[int]) -> NDArray[np.float32]:
        ids = np.array([pieces], np.int64)
        logits: NDArray[np.float32] = self._session.run(["logits"], {"ids": ids})[0][0]
        return logits
