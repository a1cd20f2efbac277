"""The tables. Each states its own limits; `migrations/` makes exactly these."""

from service.storage.tables.base import Base, Id, Instant, Serial, SubjectId
from service.storage.tables.comments import Comment, IdempotencyKey, Likeness
from service.storage.tables.moderation import AuditHead, AuditRow, Decision, DecisionCount, Policy, Subject
from service.storage.tables.scoring import ModelChoice, PerspectiveKey, Suggestion
from service.storage.tables.sites import (
    Credential,
    Moderator,
    ModeratorSite,
    RecoveryCode,
    SecondFactor,
    Site,
    Thread,
    ThreadChange,
    ThreadChangeComment,
)
from service.storage.tables.upkeep import Heartbeat
from service.storage.tables.webhooks import Attempt, Delivery, Event, WebhookEndpoint

__all__ = [
    "Attempt",
    "AuditHead",
    "AuditRow",
    "Base",
    "Comment",
    "Credential",
    "Decision",
    "DecisionCount",
    "Delivery",
    "Event",
    "Heartbeat",
    "Id",
    "IdempotencyKey",
    "Instant",
    "Likeness",
    "ModelChoice",
    "Moderator",
    "ModeratorSite",
    "PerspectiveKey",
    "Policy",
    "RecoveryCode",
    "SecondFactor",
    "Serial",
    "Site",
    "Subject",
    "SubjectId",
    "Suggestion",
    "Thread",
    "ThreadChange",
    "ThreadChangeComment",
    "WebhookEndpoint",
]
