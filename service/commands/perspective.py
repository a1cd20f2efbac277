"""`parley perspective compare`: the model beside Perspective, on texts that Perspective has scored."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from models import Scorer
from models.evaluating.conversion import Bin, Conversion
from models.evaluating.pairs import Differing, OfAttribute, Overview, Pairs
from service.commands.lines import MAX_LINE, TOO_LONG, batches
from service.commands.scoring import loaded
from service.commands.tables import aligned
from service.domain.errors import Misconfigured
from service.domain.languages import language_in_words
from service.scoring.comparing import BadLine, Line, count_names, is_blank, read_line

INDENT = "    "


def compare(arguments: Namespace) -> int:
    """Compare the model with Perspective on JSON lines; exit code 1 if some lines were bad.

    The model reads as the settings say, for that is how it will be asked.
    """
    with _opened(arguments.file) as file:
        scorer = loaded(arguments.model, as_served=True)
        pairs = collect(scorer, batches(file), keeps_ids=bool(arguments.differing))
    found = pairs.overview(scorer.model_id, differing=arguments.differing or 0)
    if not found.attributes:
        raise Misconfigured(_why_nothing(pairs))
    if arguments.json:
        print(json.dumps({**found.as_json(), "careful_reader": scorer.careful_state}, indent=2))
    else:
        print("\n".join(report(found)))
    return 1 if pairs.bad else 0


@contextmanager
def _opened(name: str | None) -> Iterator[int]:
    """Open a file, or standard input; raise `Misconfigured` if it cannot be read."""
    if name is None:
        yield sys.stdin.fileno()
        return
    try:
        file = open(name, "rb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise Misconfigured(f"Cannot compare: {name} cannot be read ({error.strerror})") from None
    with file:
        yield file.fileno()


def collect(scorer: Scorer, chunks: Iterable[Sequence[bytes]], *, keeps_ids: bool = False) -> Pairs:
    """Score the texts of lines chunk by chunk, and say on standard error which lines are bad."""
    pairs = Pairs(scorer.attributes, keeps_ids)
    number = 0
    for chunk in chunks:
        good = []
        for number, raw in enumerate(chunk, number + 1):  # noqa: B020
            if is_blank(raw):
                continue
            pairs.lines += 1
            try:
                line = _read(raw, number, scorer.attributes)
            except BadLine as problem:
                pairs.bad += 1
                print(f"parley: line {number}: {problem}", file=sys.stderr)
                continue
            count_names(pairs.unknown, sorted(line.unknown))
            if line.scores:
                good.append(line)
        if good:
            languages = [line.language for line in good]
            pairs.add(good, scorer.read([line.text for line in good], languages=languages))
    return pairs


def _read(raw: bytes, number: int, attributes: Sequence[str]) -> Line:
    if raw == TOO_LONG:
        raise BadLine(f"it is longer than {MAX_LINE} bytes")
    return read_line(raw, number, attributes)


def _why_nothing(pairs: Pairs) -> str:
    if not pairs.lines:
        return "Nothing can be compared: there is no line"
    if pairs.bad == pairs.lines:
        return f"Nothing can be compared: all lines are bad, {pairs.bad} of them"
    if pairs.unread:
        return f"Nothing can be compared: the model reads the language of none of {pairs.unread} texts"
    known = ", ".join(pairs.attributes)
    return f"Nothing can be compared: no text has both an old score and one of ours; ours are {known}"


def report(found: Overview) -> Iterator[str]:
    """Yield the lines of a comparison for a terminal."""
    languages = ", ".join(f"{language_in_words(name)} {count:,}" for name, count in found.languages.items())
    yield f"{found.model} beside Perspective on {found.texts:,} texts ({languages})."
    yield "In brackets: 95 % intervals. 'Old' is Perspective's score, 'ours' the model's."
    if found.bad_lines:
        yield f"{found.bad_lines:,} bad lines are left out."
    if found.unread_texts:
        yield f"{found.unread_texts:,} texts in languages that the model does not read are left out."
    if unknown := found.unknown_attributes:
        named = ", ".join(f"{name} ({count:,})" for name, count in unknown.items())
        yield f"The model has nothing for these, which are left out: {named}."
    for name, row in found.attributes.items():
        yield from ("", *_attribute_lines(name, row))


def _attribute_lines(name: str, found: OfAttribute) -> Iterator[str]:
    value = "none (too few texts, or all alike)"
    if found.rank_correlation is not None:
        value = f"{found.rank_correlation:.3f}{_ends(found.rank_correlation_interval, '+.3f')}"
    yield f"{name}: {found.texts:,} texts, rank correlation {value}"
    yield f"  Scales: {found.calibration.gap:.3f} apart on average, by bins of the old score"
    yield from aligned([BIN_HEADS, *map(_bin_cells, found.calibration.bins)], INDENT)
    yield "  Thresholds: ours hold the same share of these texts as the old ones"
    yield from aligned([THRESHOLD_HEADS, *map(_threshold_cells, found.thresholds)], INDENT)
    for problem in dict.fromkeys(row.problem for row in found.thresholds if row.problem):
        limits = [f"{row.old:.2f}" for row in found.thresholds if row.problem == problem]
        yield f"  No number at {', '.join(limits)}: {problem}"
    if found.differing:
        yield "  Lines that differ most in their place among the texts:"
        yield from aligned([DIFFERING_HEADS, *map(_differing_cells, found.differing)], INDENT)


BIN_HEADS = ("OLD SCORE", "TEXTS", "MEAN OLD", "MEAN OURS")
DIFFERING_HEADS = ("LINE", "ID", "OLD", "OURS", "PLACE")
THRESHOLD_HEADS = (
    "OLD",
    "OURS",
    "TEXTS HELD",
    "SHARE THEN",
    "SHARE NOW",
    "AGREEMENT",
    "BY CHANCE",
    "STILL HELD",
)


def _threshold_cells(row: Conversion) -> tuple[str, ...]:
    old, held = f"{row.old:.2f}", (f"{row.texts:,}", _percent(row.held_old))
    if row.problem:
        return (old, "-", *held)
    shares = map(_percent, (row.held_new, row.agreement, row.by_chance, row.still_held))
    return (old, f"{row.new:.4g}{_ends(row.interval, '.3g')}", *held, *shares)


def _bin_cells(row: Bin) -> tuple[str, ...]:
    means = ("-" if mean is None else f"{mean:.4f}" for mean in (row.mean_old, row.mean_new))
    return (f"{row.low:.1f}-{row.high:.1f}", f"{row.texts:,}", *means)


def _differing_cells(row: Differing) -> tuple[str, ...]:
    key = "-" if row.id is None else json.dumps(row.id)
    return (str(row.line), key, f"{row.old:.4f}", f"{row.new:.4f}", f"{row.rank_difference:+.1%}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _ends(interval: tuple[float, float] | None, how: str) -> str:
    return f" ({interval[0]:{how}} to {interval[1]:{how}})" if interval else ""
