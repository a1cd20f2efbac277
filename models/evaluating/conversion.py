"""From another scorer's thresholds to ours, by the scores that both gave to the same texts. Only numpy.

The other scorer's scores are *old*, ours are *new*. Both are in [0, 1], on scales of their own: the two agree
on a text if both put it on the same side of a threshold, not if their numbers are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.evaluating.figures import RESAMPLES, TAILS, rounded
from models.numbers import Floats

SEED = 0
TEXTS_AT_LEAST = 10  # on each side of a threshold, and for a rank correlation
EDGES = np.arange(1, 10) / 10  # of the bins of the old score, with 0 and 1
SLIGHT = 0.2  # agreement beyond chance (kappa) up to here is called slight: Landis and Koch, 1977
PLACES = 9  # a scorer's scores have no more

Counts = NDArray[np.int64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation of two scorers, in [-1, 1], and its 95 % bootstrap interval.

    None where there are fewer than `TEXTS_AT_LEAST` texts, or all scores of a kind are equal.
    """

    texts: int
    value: float | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts whose old score is in ``[low, high)``, or up to 1 in the last; means are None without texts."""

    low: float
    high: float
    texts: int
    mean_old: float | None
    mean_new: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How new scores lie beside old ones.

    ``gap`` is the mean over texts of the distance between the two means of the text's bin: 0 if the scales
    are the same on average. It is no error of either scorer. None without texts.
    """

    gap: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an old threshold becomes. A score that equals a threshold is held.

    Attributes
    ----------
    old : float
    texts : int
        How many texts reach the old threshold.
    held_old : float or None
        Their share; None if there are no texts at all.
    problem : str or None
        Why there is no new threshold; then all that follows is None.
    new : float or None
    interval : tuple of two floats, or None
        95 % bootstrap interval of ``new``.
    held_new : float or None
        Share of the texts that reach the new threshold.
    agreement : float or None
        Share of texts on which both verdicts agree, of texts that the new threshold was not made from.
    by_chance : float or None
        What the agreement would be if two scorers that hold these shares knew nothing of each other.
    still_held : float or None
        Of the texts that the old threshold holds, the share that the new one holds; estimated likewise.
    """

    old: float
    texts: int
    held_old: float | None
    problem: str | None = None
    new: float | None = None
    interval: Interval | None = None
    held_new: float | None = None
    agreement: float | None = None
    by_chance: float | None = None
    still_held: float | None = None


def rank_correlation(old: Floats, new: Floats) -> Correlation:
    """Return how alike two scorers order the texts that both scored; equal scores share their mean rank.

    Parameters
    ----------
    old, new : ndarray of shape (n_texts,)
        Scores in [0, 1]; NaN where there is none.

    Raises
    ------
    ValueError
        If the shapes differ, or a score is outside [0, 1].

    >>> tens = np.arange(10) / 10
    >>> rank_correlation(tens, tens**2).value
    1.0
    """
    old, new = _pairs(old, new)
    if len(old) < TEXTS_AT_LEAST:
        return Correlation(len(old))
    if (value := spearman(old, new)) is None:
        return Correlation(len(old))
    levels = [np.unique(scores, return_inverse=True)[1] for scores in (old, new)]
    others = np.array([_correlation(levels, counts) for counts in _resamples(len(old))])
    return Correlation(len(old), value, _interval(others))


def spearman(old: Floats, new: Floats) -> float | None:
    """Return the rank correlation of the texts that both scored; None where all scores of a kind are equal.

    >>> spearman(np.array([0.1, 0.2, 0.3, np.nan]), np.array([0.3, 0.2, 0.1, 0.0]))
    -1.0
    """
    both = ~(np.isnan(old) | np.isnan(new))
    levels = [np.unique(scores[both], return_inverse=True)[1] for scores in (old, new)]
    value = _correlation(levels, np.ones(int(both.sum()), np.int64))
    return None if np.isnan(value) else rounded(value)


def rank_differences(old: Floats, new: Floats) -> Floats:
    """Return how much higher each text stands among the new scores than among the old, in [-1, 1].

    The places of the texts that both scored run from 0, the lowest, to 1; NaN for the others.

    >>> rank_differences(np.array([0.1, 0.5, 0.9, np.nan]), np.array([0.9, 0.2, 0.1, 0.3]))
    array([ 1.,  0., -1., nan])
    """
    found = np.full(len(old), np.nan)
    both = ~(np.isnan(old) | np.isnan(new))
    places = []
    for scores in (old[both], new[both]):
        levels = np.unique(scores, return_inverse=True)[1]
        places.append(_ranks(levels, np.ones(len(levels), np.int64)) / max(len(levels) - 1, 1))
    found[both] = places[1] - places[0]
    return found


def calibration(old: Floats, new: Floats) -> Calibration:
    """Return mean scores by bins of the old score; raises as `rank_correlation` does.

    >>> calibration(np.array([0.2, 0.2]), np.array([0.1, 0.2])).gap
    0.05
    """
    old, new = _pairs(old, new)
    of_text = np.searchsorted(EDGES, old, side="right")
    texts = np.bincount(of_text, minlength=len(EDGES) + 1)
    sums = [np.bincount(of_text, scores, len(EDGES) + 1) for scores in (old, new)]
    means = [[rounded(s / n) if n else None for s, n in zip(some, texts, strict=True)] for some in sums]
    ends = [0.0, *EDGES.tolist(), 1.0]
    gap = rounded(np.abs(sums[0] - sums[1]).sum() / len(old)) if len(old) else None
    return Calibration(gap, tuple(map(Bin, ends, ends[1:], texts.tolist(), *means)))


def convert(old: Floats, new: Floats, thresholds: Sequence[float]) -> tuple[Conversion, ...]:
    """Return what each old threshold becomes, from the lowest to the highest; raises as `rank_correlation`.

    The new threshold is the one that holds as large a share of the texts as the old one held, which keeps the
    moderators' work what it was, and errs as often in either direction. It never falls as the old one rises.
    Taking the threshold with most agreement instead was tried: where little is held it holds too little
    (agreeing that a text is civil is cheap), and it moves more from resample to resample. The price is
    that the conversion is right for texts like these: both scorers' shares depend on the kind of comment.

    Between two neighbouring scores any number does the same; the shortest decimal is given. Interval and
    agreement come from bootstrap resamples: each makes a threshold of its own, which is tried on the texts
    that were not drawn. There is no number where fewer than `TEXTS_AT_LEAST` texts are on a side, where the
    new scores are all equal, and where the lower end of Cohen's kappa shows slight agreement at best: two
    scorers that mean different things by one name have no conversion.

    Parameters
    ----------
    old, new : ndarray of shape (n_texts,)
        Scores in [0, 1]; NaN where there is none.
    thresholds : sequence of float
        Of the old scorer.
    """
    old, new = _pairs(old, new)
    order = np.lexsort((-old, -new))
    old, new = old[order], new[order]
    limits = np.unique(np.asarray(thresholds, np.float64))
    texts = np.array([(old >= limit).sum() for limit in limits], np.int64)
    problems = [_problem(int(count), len(old)) for count in texts]
    if len(old) and new[0] == new[-1]:
        problems = ["our scores of all texts are equal"] * len(limits)
    rows = [
        Conversion(limit, int(count), rounded(count / len(old)) if len(old) else None, problem)
        for limit, count, problem in zip(limits.tolist(), texts, problems, strict=True)
    ]
    possible = [at for at, problem in enumerate(problems) if problem is None]
    if possible:
        levels = np.searchsorted(limits[possible], old, side="right")
        for at, row in zip(possible, _converted(new, levels, [rows[at] for at in possible]), strict=True):
            rows[at] = row
    return tuple(rows)


def _problem(reaching: int, texts: int) -> str | None:
    if reaching < TEXTS_AT_LEAST:
        return f"fewer than {TEXTS_AT_LEAST} texts reach it"
    if texts - reaching < TEXTS_AT_LEAST:
        return f"fewer than {TEXTS_AT_LEAST} texts are below it"
    return None


def _converted(new: Floats, levels: Counts, rows: Sequence[Conversion]) -> Iterator[Conversion]:
    """Yield rows with their new thresholds.

    ``new`` stands in falling order and is not constant; ``levels`` is how many rows' thresholds each text
    reaches.
    """
    once = np.ones(len(new), np.int64)
    held = _held(levels, once, len(rows))
    higher, lower = _neighbours(new, once, held)
    found = [_shortest(*pair) for pair in zip(lower.tolist(), higher.tolist(), strict=True)]
    verdicts = _verdicts(new, levels, once, np.array(found))
    spread = _spread(new, levels, len(rows))
    for at, row in enumerate(rows):
        if not np.quantile(spread.beyond_chance[:, at], TAILS[0]) > SLIGHT:
            yield replace(row, problem="the two agree on it little more than by chance")
            continue
        yield replace(
            row,
            new=found[at],
            interval=_interval(spread.thresholds[:, at]),
            held_new=rounded(verdicts.held_new[at] / len(new)),
            agreement=rounded(spread.agreement[at]),
            by_chance=rounded(verdicts.by_chance()[at]),
            still_held=rounded(spread.still_held[at]),
        )


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """How many of some texts the old thresholds hold, the new ones, and both; arrays of shape (n_limits,)."""

    texts: int
    held: Floats
    held_new: Floats
    both: Floats

    def same(self) -> Floats:
        """Return on how many texts the verdicts agree."""
        return self.texts - self.held - self.held_new + 2 * self.both

    def by_chance(self) -> Floats:
        """Return the share that would agree if neither verdict told anything of the other."""
        old, new = self.held / self.texts, self.held_new / self.texts
        return np.asarray(old * new + (1 - old) * (1 - new))

    def beyond_chance(self) -> Floats:
        """Return Cohen's kappa: 1 if the verdicts always agree, 0 if as often as by chance."""
        chance = self.by_chance()
        gained = self.same() / self.texts - chance
        return np.divide(gained, 1 - chance, out=np.zeros_like(chance), where=chance < 1)


@dataclass(frozen=True, slots=True)
class _Spread:
    """What resamples say; the first two of shape (RESAMPLES, n_limits), the others of shape (n_limits,)."""

    thresholds: Floats
    beyond_chance: Floats
    agreement: Floats
    still_held: Floats


def _spread(new: Floats, levels: Counts, limits: int) -> _Spread:
    thresholds, beyond = [], []
    texts, held, same, both = 0, np.zeros(limits), np.zeros(limits), np.zeros(limits)
    for counts in _resamples(len(new)):
        higher, lower = _neighbours(new, counts, _held(levels, counts, limits))
        cuts = (higher + lower) / 2
        thresholds.append(cuts)
        # Nothing of who agrees goes into a threshold, so the texts that it was made from may judge this.
        beyond.append(_verdicts(new, levels, counts, cuts).beyond_chance())
        others = _verdicts(new, levels, (counts == 0).astype(np.int64), cuts)
        texts += others.texts
        held, same, both = held + others.held, same + others.same(), both + others.both
    return _Spread(np.array(thresholds), np.array(beyond), same / texts, both / held)


def _held(levels: Counts, counts: Counts, limits: int) -> Floats:
    """Return how many drawn texts reach each old threshold."""
    reaching = np.bincount(levels, counts, limits + 1)[::-1].cumsum()[::-1]
    return np.asarray(reaching[1:])


def _verdicts(new: Floats, levels: Counts, counts: Counts, cuts: Floats) -> _Verdicts:
    """Return what old and new thresholds hold of drawn texts, each of which counts so many times."""
    ends = np.searchsorted(-new, -cuts, side="right")  # what a new threshold holds stands in front
    fronts = [(counts[:end], levels[:end] > at) for at, end in enumerate(ends)]
    held_new = np.array([front.sum() for front, _ in fronts], np.float64)
    both = np.array([front[held].sum() for front, held in fronts], np.float64)
    return _Verdicts(int(counts.sum()), _held(levels, counts, len(cuts)), held_new, both)


def _neighbours(new: Floats, counts: Counts, wanted: Floats) -> tuple[Floats, Floats]:
    """Return the lowest score to be held and the highest not to be, so that about ``wanted`` are held.

    Of two numbers of texts equally near to the wanted one, the larger is taken: a doubtful text is held.
    """
    drawn = counts > 0
    values, held = new[drawn], np.cumsum(counts[drawn])
    last = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)  # row of each distinct value
    values, held = values[last], held[last]
    after = np.minimum(np.searchsorted(held, wanted), max(len(values) - 2, 0))
    before = np.maximum(after - 1, 0)
    at = np.where(wanted - held[before] < held[after] - wanted, before, after)
    return values[at], values[np.minimum(at + 1, len(values) - 1)]


def _shortest(low: float, high: float) -> float:
    """Return a number in ``(low, high]`` near the middle with few decimals, at least two.

    >>> _shortest(0.1234, 0.1287), _shortest(0.99991, 0.99998)
    (0.126, 0.99994)
    """
    for places in range(2, PLACES + 1):
        if low < (found := round((low + high) / 2, places)) <= high:
            return found
    return high


def _pairs(old: Floats, new: Floats) -> tuple[Floats, Floats]:
    """Return the scores of the texts that both scored."""
    old, new = np.asarray(old, np.float64), np.asarray(new, np.float64)
    if old.ndim != 1 or old.shape != new.shape:
        raise ValueError(f"scores of shapes {old.shape} and {new.shape} are no pairs")
    for scores in (old, new):
        known = scores[~np.isnan(scores)]
        if not ((known >= 0) & (known <= 1)).all():
            raise ValueError("a score is outside [0, 1]")
    both = ~(np.isnan(old) | np.isnan(new))
    return old[both], new[both]


def _resamples(texts: int) -> Iterator[Counts]:
    """Yield how often each text is drawn; one resample at a time, for there may be millions of texts."""
    chance = np.random.default_rng(SEED)
    for _ in range(RESAMPLES):
        yield np.bincount(chance.integers(texts, size=texts), minlength=texts)


def _ranks(levels: Counts, counts: Counts) -> Floats:
    """Return mean ranks, from 0; ``levels`` numbers the distinct scores from the lowest."""
    of_level = np.bincount(levels, counts)
    return np.asarray((np.cumsum(of_level) - (of_level + 1) / 2)[levels])


def _correlation(levels: Sequence[Counts], counts: Counts) -> float:
    """Return the correlation of the ranks of drawn texts; NaN if one kind is constant."""
    ranks = [_ranks(of_kind, counts) for of_kind in levels]
    first, second = (some - np.average(some, weights=counts) for some in ranks)
    spread = np.sqrt((counts @ first**2) * (counts @ second**2))
    return float(counts @ (first * second) / spread) if spread > 0 else np.nan


def _interval(values: Floats) -> Interval:
    """Return the 95 % interval of resampled values, some of which may be NaN."""
    low, high = (_written(end) for end in np.nanquantile(values, TAILS).tolist())
    return low, high


def _written(value: float) -> float:
    """Return a number to four places, or three digits where it is small: our rare attributes score low."""
    return float(f"{value:.3g}") if abs(value) < 0.01 else rounded(value)
