"""`make bench`: run the measurements and print them; with names, only those. See README.md here."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial

from service import observability
from tests.bench import fairness, joint, measures, peer, perspective, readers, rude, tenants
from tests.bench.measures import Row

SIZES = (1_000, 100_000, 1_000_000)
ALL: dict[str, Callable[[], Iterator[Row]]] = {
    **{f"intake-{kind}": partial(measures.intake, kind) for kind in ("sqlite", "postgresql")},
    **{
        f"latency-{kind}-{rate}": partial(measures.latency, kind, rate)
        for kind in ("sqlite", "postgresql")
        for rate in (100, 200)
    },
    **{f"scoring-{kind}": partial(measures.scoring, kind) for kind in ("sqlite", "postgresql")},
    **{f"reading-{kind}": partial(measures.reading, kind, SIZES) for kind in ("sqlite", "postgresql")},
    **{f"fairness-{kind}": partial(fairness.fairness, kind) for kind in ("sqlite", "postgresql")},
    "readers": readers.readers,
    "joint": joint.joint,
    "perspective": perspective.perspective,
    **{f"tenants-{kind}": partial(tenants.tenants, kind) for kind in ("sqlite", "postgresql")},
    "rude": rude.rude,
    "peer": peer.isso,
}


def main() -> int:
    """Run what was asked for and print a table; return 0 when all of it ran."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ALL)}; all if left out")
    parser.add_argument("--json", action="store_true", help="print one JSON object a figure")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(ALL):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    observability.configure_logging("warning")
    for name in chosen.names or ALL:
        for row in ALL[name]():
            print(json.dumps(asdict(row)) if chosen.json else as_line(row), flush=True)
    return 0


def as_line(row: Row) -> str:
    """Return a figure as a line of the table."""
    ratio = "" if row.ratio is None else f"{row.ratio:8.2f} ×"
    return f"{row.name:52} {row.value:12,.1f} {row.unit:11} {ratio:11} {row.goal}"


if __name__ == "__main__":
    sys.exit(main())
