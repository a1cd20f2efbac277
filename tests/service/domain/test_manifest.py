"""What a backup says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.domain.manifest import BadManifest, Manifest, Part

DIGEST = "0" * 64
MADE = Manifest.of(
    "0.1.0", datetime(2026, 11, 1, tzinfo=UTC), "sqlite", "0013", 7,
    [Part("database", 10, DIGEST), Part("secret.key", 5, DIGEST), Part("models/m/fast/x.npz", 3, DIGEST)],
)  # fmt: skip


def test_it_is_read_as_it_was_written() -> None:
    assert Manifest.read(MADE.as_json()) == MADE
    assert MADE.size == 18


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format": 1', '"format": 2'),
        ('"name": "database"', '"name": "another"'),
        ('"name": "database"', '"name": "secret.key"'),
        ('"name": "secret.key"', '"name": "models/../secret.key"'),
        ('"name": "secret.key"', '"name": ["secret.key"]'),
        (f'"sha256": "{DIGEST}"', '"sha256": "zz"'),
        ('"size": 10', '"size": "10"'),
        ('"comments": 7', '"comments": "seven"'),
        ('"revision": "0013"', '"revision": 13'),
        ('"revision": "0013",', ""),
        ('"size": 10', '"size": 10, "more": 1'),
    ],
)
def test_what_is_none_of_ours_is_refused(old: str, new: str) -> None:
    changed = MADE.as_json().replace(old.encode(), new.encode())
    assert changed != MADE.as_json()

    with pytest.raises(BadManifest):
        Manifest.read(changed)
