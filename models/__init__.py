"""Scoring of comments: the public face of the package.

Importing it, and scoring, needs numpy alone; `models.training` and `models.evaluation` bring scikit-learn.
"""

from models.artifact import BadArtifact
from models.scorer import SHIPPED, Reading, Scorer, Span, load_scorer

__all__ = ["SHIPPED", "BadArtifact", "Reading", "Scorer", "Span", "load_scorer"]
