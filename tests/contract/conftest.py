"""A Parley under Google's own name, for clients whose address cannot be changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.tls_front import Front, tls_front
from tests.running import start_embedded


@pytest.fixture(scope="session")
def front_of_all(folder: Path) -> Iterator[Front]:
    """A proxy with TLS, and behind it a Parley that believes it."""
    with (
        # What comes through a proxy comes from elsewhere; these clients keep the key that they have.
        start_embedded(PARLEY_TRUSTED_PROXIES="1", PARLEY_PERSPECTIVE_KEYS="none") as behind,
        tls_front(behind.base, folder / "front") as running,
    ):
        yield running


@pytest.fixture
def front(front_of_all: Front) -> Iterator[Front]:
    """The proxy, with nothing passed yet. No answer may be a redirect: some clients follow none."""
    front_of_all.passed.clear()
    yield front_of_all

    assert not [one for one in front_of_all.passed if 300 <= one.status < 400]
