"""Sites, and the people who moderate them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A host site; ``policy`` is the document in force, what it leaves out has its default."""

    id: str
    name: str
    policy: dict[str, Any]
    policy_version: int


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread, for those who look after it."""

    id: str
    site_id: str
    key: str
    url: str
    title: str | None
    premoderate: bool
    closed_at: datetime | None
    approved_count: int
    version: int


@dataclass(frozen=True, slots=True)
class Account:
    """What a login needs of a moderator."""

    id: str
    name: str
    password_hash: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedModerator:
    """A moderator as they are listed; ``roles`` is site -> role."""

    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Role:
    """What a moderator is on one site."""

    moderator_id: str
    site_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose credential it is, of which kind, and their roles as they are now."""

    moderator_id: str
    name: str
    kind: str
    roles: Mapping[str, str]
