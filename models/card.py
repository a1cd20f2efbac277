"""The model card: words written here, every figure taken from the artifact's own files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.artifact import EVALUATION, load
from models.scorer import SHIPPED

CARD = Path(__file__).with_name("MODEL_CARD.md")

_TEXT = """\
# Model card: {model_id}

The fast linear reader, first version: six heads on hashed character and word n-grams, for English comments.
Written by `python -m models.card` from the shipped artifact; edit `models/card.py`, not this page.

## What it is for

To decide which comments a moderator should see first, and to show which words weigh. It reads words, not
meaning. It must not decide about people, and a comment it finds harmless may still be cruel.

- **Input**: plain text; the first 20,480 characters are read. **Output**: for each attribute a probability
  in [0, 1], calibrated for a site where {prior:.0%} of comments have any of the six properties.
- **Languages**: English. Other languages are detected (`models/language.py`) and marked unsupported, which
  sends them to a person. Short texts without evidence of any language count as supported.
- **Training**: linear support vector machines weighted by naive Bayes, 8-bit weights ({size} bytes on disk),
  Platt calibration after rounding. Byte-equal when trained again on the same data (seed {seed}) with the
  same library versions.
- **Identity terms** (a hand-written list, `models/identity.py`) are one token to every head but
  IDENTITY_ATTACK, so that naming a group does not raise TOXICITY more for one group than for another.

## Figures

On {rows:,} development comments of the Jigsaw 2018 source, weighted to the stated prior. The thresholds, and
the two numbers of each calibration curve, were fitted on the same comments, and the settings of training
were chosen on them: all figures are somewhat flattered, calibration error and false alarms most.
AUC: area under the ROC curve. AP: average precision. ECE: expected calibration error. *Review*: suggested
review threshold; *false alarms* and *recall* are shares of the comments without and with the property that
reach it.

{attributes}

TOXICITY by source, on development rows as they are (unweighted; sources without both kinds are left out).
*False alarms*: rows not labelled toxic that reach the review threshold.

{sources}

Sources differ in what they call toxic. Natural prevalence has only `wikipedia_context_gc` and `_gn`; rows of
`civilcomments_toxicspans` were chosen from comments that some rater called toxic, so its false alarms are an
upper end and no forecast. The tweets of `davidson2017_tweets` were not trained on for this head.

## Suggested thresholds

Review from the table's *review* column: TOXICITY catches what a person should see, at about
{toxicity_alarms:.0%} false alarms; the other heads add what they are surer of, at about
{other_alarms:.0%} each. Scores are probabilities, not Perspective's: a rare property such as THREAT has
a low threshold. We suggest no automatic rejection with this version.

## Known failures

- No understanding: negation, quotation, irony, threats and contempt in civil words are missed; mild
  idioms ("I hate Mondays") and reports of violence may score high.
- Comments that name a group still score somewhat higher for IDENTITY_ATTACK, and for TOXICITY than others do.
- Profanity without a target scores high for TOXICITY.
- Severe toxicity, threats and identity attacks have few positive examples; read their scores with care.
- Trained mostly on Wikipedia talk, tweets and forum posts; few civil news
  comments. Expect weaker results on news sites.
- Misspellings beyond what `models/normalise.py` undoes (dropped or swapped letters, reversed
  words) are missed.
- A text far longer than a comment dilutes a single bad sentence.

## Data

Labels and texts as described by their publishers; the model holds hashed features only, no
text and no vocabulary.

{data}

Sub-labels (severe toxicity, insult, profanity, threat) were learnt from the Jigsaw rows alone. In development
data also: davidson2017_tweets (MIT, "Automated Hate Speech Detection and the Problem of Offensive Language").
Not used: rows in other languages, spam labels, any public test set, any output of Perspective.

SHA-256 of the training file `{train_sha}`, of the development file `{dev_sha}`.
"""

# Sources, what they are, licence, attribution.
_DATA = (
    (
        "jigsaw2018_train, jigsaw2018_train_lowercased, wikipedia_lowercased_ak",
        "Wikipedia talk comments",
        "labels CC0; text CC BY-SA 3.0",
        "Jigsaw / Conversation AI, Toxic Comment Classification Challenge 2018; Wikipedia contributors",
    ),
    (
        "wikipedia_context_gc, wikipedia_context_gn",
        "Wikipedia talk comments",
        "repository Apache-2.0; text CC BY-SA",
        "CAT_LARGE; Wikipedia contributors",
    ),
    ("civilcomments_toxicspans", "news comments", "CC0", "Civil Comments, toxic spans"),
    ("foxnews_comments", "news comments", "MIT", "Fox News comments"),
    ("hatexplain_normalised", "posts", "MIT", "HateXplain"),
    ("latent_hatred", "posts", "MIT", "Latent Hatred"),
    ("stormfront_vicomtech", "forum sentences", "CC BY-SA 3.0 ES", "Vicomtech"),
    ("hatemoji_build", "short texts with emoji", "CC BY 4.0", "HatemojiBuild"),
)


def card_text(folder: Path = SHIPPED) -> str:
    """Return the card of the model in a folder.

    Raises
    ------
    BadArtifact
        If the model cannot be loaded.
    """
    header = load(folder).header
    evaluation = json.loads((folder / EVALUATION).read_bytes())
    alarms = header["false_alarms"]
    return _TEXT.format(
        model_id=evaluation["model"],
        prior=header["prior"],
        seed=header["seed"],
        size=f"{sum(file.stat().st_size for file in folder.iterdir() if file.name.endswith('.npz')):,}",
        rows=evaluation["rows"],
        attributes=_attribute_table(evaluation["attributes"]),
        sources=_source_table(evaluation["sources"]),
        toxicity_alarms=alarms["TOXICITY"],
        other_alarms=alarms["INSULT"],
        data=_table(("source", "what", "licence", "attribution"), _DATA),
        train_sha=header["data_sha256"]["train"],
        dev_sha=header["data_sha256"]["dev"],
    )


def write_card(folder: Path = SHIPPED, card: Path = CARD) -> None:
    """Write the card of the model in a folder."""
    card.write_text(card_text(folder), encoding="utf-8", newline="\n")


def _attribute_table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    columns = ("roc_auc", "average_precision", "brier", "ece", "threshold", "false_alarms", "recall")
    rows = [
        (name, str(row["positives"]), *(f"{row[column]:.3f}" for column in columns))
        for name, row in figures.items()
    ]
    heads = ("attribute", "positives", "AUC", "AP", "Brier", "ECE", "review", "false alarms", "recall")
    return _table(heads, rows)


def _source_table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (
            name,
            str(row["rows"]),
            str(row["positives"]),
            f"{row['roc_auc']:.3f}",
            f"{row['false_alarms']:.3f}",
        )
        for name, row in figures.items()
    ]
    return _table(("source", "rows", "toxic", "AUC", "false alarms"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    write_card()
