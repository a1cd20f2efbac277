"""The model card: words from `models.evaluating.card_text`, every figure from the artifact's own files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from models.evaluating import card_text as words
from models.evaluating.evaluation import SPAM_ALARMS, SPAM_AREA
from models.evaluating.figures import RESAMPLES
from models.reading.artifact import MAIN, load
from models.reading.careful import FIRST_PIECES, LAST_PIECES
from models.reading.files import EVALUATION
from models.reading.scorer import CHARS_READ, SHIPPED
from models.reading.windows import ALONE_ELSE, LONG, READ
from models.texts.data import COLUMNS, SPAM

CARD = Path(__file__).parents[1] / "MODEL_CARD.md"

NAMES = {"de": "German", "ko": "Korean", "pt": "Portuguese"}
READERS = {"joint": "both, as it is", "fast": "the fast reader alone", "loaded": "both, under load"}
FIGURES = {
    "roc_auc": "AUC",
    "average_precision": "AP",
    "ece": "ECE",
    "recall": "recall",
    "false_alarms": "false alarms",
}
WORST_GROUPS, WORST_FAMILIES = 5, 3
WIDTH = 110  # of the page's lines, in characters

Found = Mapping[str, Any]


def card_text(folder: Path = SHIPPED) -> str:
    """Return the card of the model in a folder.

    Raises
    ------
    BadArtifact
        If the model cannot be loaded.
    """
    header = load(folder).header
    found = json.loads((folder / EVALUATION).read_bytes())
    fitted = ""
    if header["join"]:
        counts = [len(header["join"][part]) for part in ("weights", "route")]
        fitted = "and the {} and {} coefficients an attribute of join and router ".format(*counts)
    parts = [
        _about(header, found),
        _readers_text(header),
        words.INTENDED.format(seed=header["seed"]),
        words.FLATTERED.format(join=fitted, resamples=RESAMPLES),
        *_english(header, found),
        *_readers(found),
        *_sources(found),
        *_worlds(header, found),
        *_languages(header, found),
        *_spam(found),
        *_fairness(found),
        *_behaviour(found),
        *_robustness(found),
        words.KNOWN_FAILURES,
        *_data(header),
    ]
    return "".join(parts)


def write_card(folder: Path = SHIPPED, card: Path = CARD) -> None:
    """Write the card of the model in a folder."""
    card.write_text(card_text(folder), encoding="utf-8", newline="\n")


def _about(header: Found, found: Found) -> str:
    named = ", ".join(NAMES.get(code, code) for code in header["beta_languages"])
    kind = "Two readers, a fast and a careful one," if header["join"] else "A fast reader"
    return (
        f"# Model card: {found['model']}\n"
        + _said(words.INTRODUCTION.format(kind=kind, betas=named or "no other language"))
        + words.ABOUT.format(
            chars=CHARS_READ,
            prior=header["prior"],
            attributes=", ".join(header["kernels"][MAIN]["attributes"]),
            beta_sentence=f"{named} in beta: scored, but a person decides. " if named else "",
            spam=_spam_verdict(header, found),
        )
    )


def _spam_verdict(header: Found, found: Found) -> str:
    if "SPAM" not in header["kernels"][MAIN]["attributes"]:
        return "not supported. This model has no output for it."
    bar = f"the interval of its AUC must lie above {SPAM_AREA:g}, and at most {SPAM_ALARMS:.0%} of"
    bar += "\n  Wikipedia's comments may reach its threshold"
    if found.get("spam", {}).get("supported"):
        return f"supported; {bar}. See below how narrow its data is."
    return f"not supported; {bar}. Its evaluation does not show that."


def _readers_text(header: Found) -> str:
    if not header["join"]:
        return words.FAST_ALONE
    low, high = header["join"]["band"]
    return words.CAREFUL.format(
        first=FIRST_PIECES,
        last=LAST_PIECES,
        low=low,
        high=high,
        long=LONG,
        worst=READ,
        less=ALONE_ELSE,
    )


def _english(header: Found, found: Found) -> Iterator[str]:
    if not found["attributes"]:
        return
    yield "\n### English\n"
    yield _said(
        f"On {found['rows']:,} comments, weighted so that {found['prior']:.0%} have any of the six"
        " properties."
    )
    yield _figures(found["attributes"])
    if "mean_roc_auc" in found:
        yield _said(f"Mean AUC of the six: {_with_ends(found, 'mean_roc_auc')}.")
    if natural := found.get("natural"):
        yield _said(
            f"TOXICITY on {natural['rows']:,} Wikipedia comments as they came, nothing over-sampled:"
            f" {natural['positives']:,} of them are toxic, so the intervals are wide. Calibration is"
            " for a higher share than that."
        )
        yield _figures({"TOXICITY": natural})
    yield from _thresholds(header, found)


def _thresholds(header: Found, found: Found) -> Iterator[str]:
    alarms, limits = header["false_alarms"], header["thresholds"][MAIN]
    yield "\n### Thresholds and expected errors\n"
    yield _said(
        f"TOXICITY catches what a person should see, at about {alarms['TOXICITY']:.0%} false alarms."
        f" The others add what they are surer of, at about {alarms['INSULT']:.0%} each. We suggest no"
        f" automatic rejection. Of 1,000 comments, {found['prior']:.0%} of which have any of the six"
        " properties:"
    )
    kinds = ("true_positives", "false_negatives", "false_positives", "true_negatives")
    rows = [
        (
            name,
            f"{limits[name]:.3f}" if name in limits else "-",
            *(str(row["per_1000"][kind]) for kind in kinds),
        )
        for name in (*_ordered(found["attributes"]), "any")
        if (row := found["errors"][name])
    ]
    yield _table(
        ("attribute", "review from", "found", "missed", "held for nothing", "let through rightly"), rows
    )


def _readers(found: Found) -> Iterator[str]:
    readers = found.get("readers", {})
    if "share_read_carefully" not in readers:
        return
    shares = readers["share_read_carefully"]
    natural = f"{shares['natural']:.1%} of comments as they came, " if "natural" in shares else ""
    yield "\n### What the careful reader adds\n"
    yield _said(
        "While there is time it reads everything. Under load it reads"
        f" {natural}{shares['reference']:.1%} of the development comments at the stated share, and"
        f" {shares['reference_negatives']:.1%} of those without any property. TOXICITY on the comments of the"
        " first table (reference), and as they came (natural):"
    )
    rows = [
        (READERS[reader], place, *_cells(row))
        for place in ("reference", "natural")
        for reader in READERS
        if "roc_auc" in (row := readers["toxicity"][reader].get(place, {}))
    ]
    yield _table(("reader", "comments", *FIGURES.values()), rows)


def _sources(found: Found) -> Iterator[str]:
    if not found["sources"]:
        return
    yield "\n### TOXICITY by source\n"
    yield _said(
        "Development rows as they are, unweighted. Sources differ in what they call toxic. Only"
        " `wikipedia_context_gc` and `_gn` came at their natural prevalence. Rows of"
        " `civilcomments_toxicspans` were chosen from comments that some rater called toxic, so its"
        " false alarms are no forecast."
    )
    columns = ("roc_auc", "false_alarms")
    rows = [
        (name, f"{row['rows']:,}", f"{row['positives']:,}", *(_with_ends(row, column) for column in columns))
        for name, row in found["sources"].items()
    ]
    yield _table(("source", "rows", "toxic", "AUC", "false alarms"), rows)


def _worlds(header: Found, found: Found) -> Iterator[str]:
    if not found.get("worlds"):
        return
    yield "\n### What is held, world by world\n"
    yield _said(
        "By the suggested thresholds of all attributes together, which are those of a site's first policy."
        " *Civil* and *toxic* as each source understands TOXICITY; *naming a group* are the civil texts in"
        " which the careful reader sees a stand-in. Development rows as they are, each source at a prevalence"
        " of its own."
    )
    yield _held_table(found["worlds"])
    for profile, worlds in found.get("profiles", {}).items():
        given = ", ".join(f"{name} {limit:.2f}" for name, limit in header["profiles"][profile].items())
        yield _said(
            f"Thresholds for a site whose comments are like those of an {profile}: {given}. These hold:"
        )
        yield _held_table(worlds)


def _held_table(worlds: Found) -> str:
    shares = ("toxic_held", "civil_held", "civil_unnamed_held", "civil_named_held")
    rows = [
        (
            name,
            f"{row['rows']:,}",
            f"{row['roc_auc']:.3f}" if "roc_auc" in row else "-",
            *(f"{row[share]:.1%}" if share in row else "-" for share in shares),
        )
        for name, row in worlds.items()
    ]
    heads = ("source", "rows", "AUC", "toxic held", "civil held", "naming no group", "naming a group")
    return _table(heads, rows)


def _languages(header: Found, found: Found) -> Iterator[str]:
    for code in header["beta_languages"]:
        language = found["languages"].get(code)
        yield f"\n### {NAMES.get(code, code)} (beta)\n"
        if language:
            yield _said(f"On {language['rows']:,} comments as they are: no natural prevalence is known.")
            yield _figures(language["attributes"], limits=True)
        else:
            yield _said("Not measured.")


def _spam(found: Found) -> Iterator[str]:
    row = found.get("spam")
    if not row:
        return
    yield "\n### SPAM\n"
    yield _said(f"On {row['rows']:,} comments labelled for it, as they are.")
    yield _figures({"SPAM": row}, limits=True)
    if others := row.get("wikipedia"):
        yield _said(
            f"Of {others['rows']:,} Wikipedia comments, which nobody labelled for spam,"
            f" {others['false_alarms']:.1%} reach the threshold. The labelled comments stand under a"
            " few music videos: other spam may look different."
        )


def _fairness(found: Found) -> Iterator[str]:
    if not found.get("fairness"):
        return
    yield "\n## Fairness\n"
    yield _said(
        "The same sentences of our own for every group (`models/evaluating/fairness.py`). BPSN is low where"
        " civil sentences about a group score like abuse of others, BNSP where abuse of the group scores like"
        " civil sentences about others. *Held*: share of the civil sentences that any attribute sends"
        " to review."
    )
    rows = []
    for code, row in found["fairness"].items():
        lowest = [row["minimum"][area] for area in ("subgroup_auc", "bpsn_auc", "bnsp_auc")]
        areas = (f"{low['value']:.3f} ({low['identity']})" for low in lowest)
        most = row["maximum"]["review_rate"]
        held = f"{most['value']:.1%}" + (f" ({most['identity']})" if most["value"] else "")
        background = f"{row['background'][0]['review_rate']:.1%}"
        count = str(len(row["identities"]))
        rows.append((code, count, f"{row['final_bias_metric']:.3f}", *areas, background, held))
    heads = ("language", "groups", "final bias metric", "lowest AUC in a group", "lowest BPSN", "lowest BNSP")
    yield _table((*heads, "held, background", "held most"), rows)
    groups = found["fairness"].get(MAIN, {}).get("identities", [])
    worst = sorted(groups, key=lambda group: -group["review_rate"])[:WORST_GROUPS]
    if worst:
        listed = ", ".join(f"{group['identity']} {group['review_rate']:.1%}" for group in worst)
        yield _said(f"English groups held most often in civil sentences: {listed}.")


def _behaviour(found: Found) -> Iterator[str]:
    row = found.get("behaviour")
    if not row:
        return
    yield "\n## Behaviour\n"
    yield _said(
        f"{row['cases']} comments of our own, each hard in one way (`models/evaluating/behaviour.py`). A case"
        f" passes if a moderator would be asked exactly when it is abusive: {row['rate']:.1%} do."
    )
    rows = [
        (name.replace("_", " "), *(str(suite[key]) for key in ("cases", "passed", "false_alarms", "missed")))
        for name, suite in sorted(row["suites"].items(), key=lambda item: item[1]["rate"])
    ]
    yield _table(("suite", "cases", "passed", "false alarms", "missed"), rows)


def _robustness(found: Found) -> Iterator[str]:
    row = found.get("robustness")
    if not row:
        return
    yield "\n## Robustness\n"
    yield _said(
        f"{row['texts']} toxic comments with telling words, {row['recall']:.1%} of which are found as typed."
        " *Kept*: how much of that is left when the words are disguised. Training saw the known ways,"
        " and none of the others (`models/evaluating/robustness.py`)."
    )
    lines = []
    for group, title in (("known", "known"), ("held_out", "others")):
        families = row["families"][group]
        worst = sorted(families, key=lambda name: families[name]["kept"])[:WORST_FAMILIES]
        listed = ", ".join(f"{name.replace('_', ' ')} {families[name]['kept']:.1%}" for name in worst)
        lines.append((title, str(len(families)), f"{row['means'][group]['kept']:.1%}", listed))
    yield _table(("ways", "number", "kept, mean", "kept least"), lines)
    innocent = row["innocent"]
    yield _said(
        f"Civil comments that reach the threshold: {innocent['as_typed']:.1%} as typed,"
        f" {innocent['known']:.1%} and {innocent['held_out']:.1%} with innocent words disguised in"
        " known and in other ways."
    )


def _data(header: Found) -> Iterator[str]:
    yield "\n## Data and licences\n"
    yield _table(("source", "what", "licence", "attribution", "learnt from it"), words.DATA)
    if header["join"]:
        yield words.BASE
    yield words.DATA_END
    digests = sorted(header["data_sha256"].items())
    yield _said(f"SHA-256 of the data: {', '.join(f'{name} `{digest}`' for name, digest in digests)}.")


def _figures(rows: Mapping[str, Found], *, limits: bool = False) -> str:
    """Return a table of figures, perhaps with thresholds; a dash stands where there are counts alone."""
    lines = []
    for name in _ordered(rows):
        limit = [f"{rows[name]['threshold']:.3f}" if "threshold" in rows[name] else "–"] if limits else []
        lines.append((name, str(rows[name]["positives"]), *_cells(rows[name]), *limit))
    return _table(("attribute", "positives", *FIGURES.values(), *(["review from"] if limits else [])), lines)


def _ordered(names: Iterable[str]) -> list[str]:
    """Return attributes in their usual order: that of a file is alphabetical."""
    return sorted(names, key=list(COLUMNS | SPAM).index)


def _cells(row: Found) -> list[str]:
    return [_with_ends(row, name) if name in row else "–" for name in FIGURES]


def _with_ends(row: Found, name: str) -> str:
    """Return a figure and its interval, if there is one."""
    ends = row.get("intervals", {}).get(name)
    return f"{row[name]:.3f}" + (f" ({ends[0]:.3f}–{ends[1]:.3f})" if ends else "")


def _said(text: str) -> str:
    """Return a paragraph."""
    return f"\n{fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)}\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    write_card()
