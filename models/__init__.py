"""Scoring of comments: the public face of the package.

Importing it brings numpy alone; the careful reader brings onnxruntime and tokenizers, `models.training` and
`models.evaluating` scikit-learn, and the training of the careful reader torch. `models.reading` is what runs
in production.
"""

import os

# The wheel of onnxruntime asks for a host of its maker's and writes a device id under the home folder, unless
# it is told not to before it is imported. No part of this package can import it before this line runs.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from models.reading.explaining import Span
from models.reading.files import BadArtifact
from models.reading.readings import Reading
from models.reading.scorer import NO_CAREFUL_READER, SHIPPED, Scorer, load_scorer

__all__ = ["NO_CAREFUL_READER", "SHIPPED", "BadArtifact", "Reading", "Scorer", "Span", "load_scorer"]
