"""How long things are kept is said once: settings and README follow."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.domain import days
from service.domain.days import KeptFor, Kind
from service.domain.errors import Misconfigured
from service.settings import VARIABLES, Settings, read_settings
from tests.running import ROOT

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", days.EVERY, ids=lambda kind: kind.name)
def test_a_kind_has_its_setting_and_its_row(kind: Kind, tmp_path: Path) -> None:
    rows = dict(re.findall(r"^\| `(PARLEY_\w+)` \| (.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE))
    folder = {"PARLEY_DATA_DIR": str(tmp_path)}

    assert kind.variable in VARIABLES
    assert {one.name: one.default for one in fields(Settings)}[kind.setting] == kind.default
    assert rows[kind.variable] == f"`{kind.default}` | {kind.meaning}"
    assert read_settings(folder).kept_for.of(kind) == kind.default
    assert read_settings(folder | {kind.variable: "7"}).kept_for.of(kind) == 7
    for odd in (str(kind.least - 1), "36501", "a week", "1.5"):
        with pytest.raises(Misconfigured, match=kind.variable):
            read_settings(folder | {kind.variable: odd})


def test_zero_is_for_ever_but_where_it_says_not_at_all() -> None:
    never = KeptFor(dict.fromkeys(days.EVERY, 0))

    assert never.before(days.EVENTS, NOW) is None
    assert never.before(days.AUDIT, NOW) is None
    assert never.before(days.SUGGESTIONS, NOW) == NOW
    assert KeptFor({}).before(days.REJECTED, NOW) == NOW - timedelta(days=365)
