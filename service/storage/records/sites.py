"""Sites, and the people who moderate them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.addresses import Spelling


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A host site; ``policy`` is the document in force, what it leaves out has its default.

    ``origins`` are those whose pages may name, link and make threads; None where any page may.
    """

    id: str
    name: str
    policy: dict[str, Any]
    policy_version: int
    origins: list[str] | None
    www_apart: bool
    slash_apart: bool


@dataclass(frozen=True, slots=True)
class SitePages:
    """Which pages a site takes comments from, and how it spells their addresses."""

    id: str
    origins: list[str] | None
    www_apart: bool
    slash_apart: bool

    @property
    def spelling(self) -> Spelling:
        """How the site spells addresses."""
        return Spelling(self.www_apart, self.slash_apart)


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread, for those who look after it; one that is ``moved_to`` another is an alias of that."""

    id: str
    site_id: str
    key: str
    url: str | None
    title: str | None
    premoderate: bool
    closed_at: datetime | None
    approved_count: int
    version: int
    url_pinned: bool
    title_pinned: bool
    named_by: str | None
    moved_to: str | None

    @property
    def pinned(self) -> list[str]:
        """What no page changes."""
        pins = {"url": self.url_pinned, "title": self.title_pinned}
        return [name for name, is_pinned in pins.items() if is_pinned]


@dataclass(frozen=True, slots=True)
class ThreadChangeRow:
    """A change of a thread in the journal; ``before`` is what it takes to take it back."""

    id: str
    site_id: str
    kind: str
    thread_id: str
    other_id: str | None
    before: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a comment stands in its thread's talk."""

    id: str
    parent_id: str | None
    root_id: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """What a login needs of a moderator."""

    id: str
    name: str
    password_hash: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedModerator:
    """A moderator as they are listed; ``roles`` is site -> role, ``factor_since`` of a second factor."""

    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    roles: Mapping[str, str]
    factor_since: datetime | None


@dataclass(frozen=True, slots=True)
class Role:
    """What a moderator is on one site."""

    moderator_id: str
    site_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose credential it is, of which kind, their roles as they are now, and what limits it further."""

    moderator_id: str
    name: str
    kind: str
    roles: Mapping[str, str]
    scope: str | None
    sites: list[str] | None
    seen_at: datetime | None
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A session or a token as it begins."""

    secret_hash: str
    kind: str
    moderator_id: str
    created_at: datetime
    expires_at: datetime | None
    label: str | None = None
    scope: str | None = None
    sites: list[str] | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A login session as its owner sees it; ``seen_at`` is when a person last used it."""

    secret_hash: str
    created_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is listed."""

    label: str | None
    created_at: datetime
    expires_at: datetime | None
    scope: str | None
    sites: list[str] | None


@dataclass(frozen=True, slots=True)
class Factor:
    """A moderator's second factor; ``last_step`` is that of the code which was used last."""

    moderator_id: str
    salt: str
    since: datetime
    last_step: int
