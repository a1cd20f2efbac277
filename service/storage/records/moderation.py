"""Decisions, policies, and the log of what was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.audit import Standing, Stored


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One version of a site's policy, as it was written: what it leaves out has its default.

    ``site_name`` and the site's ``origins`` are known of the one in force.
    """

    site_id: str
    version: int
    document: dict[str, Any]
    site_name: str = ""
    origins: list[str] | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry(Stored):
    """A row of the audit log: what was done, and the hash that chains it to the row before."""


@dataclass(frozen=True, slots=True)
class Sealed(Standing):
    """A comment as it stands, with the hash it keeps of its last audit row."""


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """The hash of an entry of the audit log, and which site its subject is of, if any."""

    id: int
    subject_kind: str
    site_id: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class SubjectHead:
    """How far the log of a subject that is no comment has come."""

    kind: str
    id: str
    site_id: str | None
    sequence: int
    audit_head: str


@dataclass(frozen=True, slots=True)
class JudgedComment:
    """A comment as it ended: ``refused`` by a moderator, or standing."""

    body: str
    language: str | None
    refused: bool


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision with what it was made from; ``evidence`` is None where it was not kept."""

    site_id: str
    subject_kind: str
    subject_id: str
    sequence: int
    outcome: str
    actor_kind: str
    actor: str
    policy_version: int | None
    model_id: str | None
    evidence: dict[str, Any] | None
    reasons: list[dict[str, Any]] | None
    created_at: datetime
