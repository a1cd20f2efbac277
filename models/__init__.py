"""Scoring of comments: the public face of the package.

Importing it brings numpy alone; the careful reader brings onnxruntime and tokenizers, `models.training` and
`models.evaluation` scikit-learn, and the training of the careful reader torch.
"""

from models.explaining import Span
from models.files import BadArtifact
from models.scorer import NO_CAREFUL_READER, SHIPPED, Reading, Scorer, load_scorer

__all__ = ["NO_CAREFUL_READER", "SHIPPED", "BadArtifact", "Reading", "Scorer", "Span", "load_scorer"]
