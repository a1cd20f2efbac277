"""The rows that leave storage, as types: frozen, read by name, and known to the type checker."""

from service.storage.records.comments import (
    Answered,
    CommentForLedger,
    CommentRow,
    Excerpt,
    LikeText,
    ThreadHead,
)
from service.storage.records.moderation import (
    AuditEntry,
    DecisionRow,
    JudgedComment,
    PolicyRow,
    Sealed,
    SubjectHead,
)
from service.storage.records.rows import columns, row_of, rows_of, values_of
from service.storage.records.scoring import Community, Key, StoredSuggestion
from service.storage.records.sites import Account, Holder, ListedModerator, Role, SiteRow, ThreadRow
from service.storage.records.upkeep import Beat
from service.storage.records.webhooks import (
    ActiveEndpoint,
    AttemptRow,
    DeliveryOutcome,
    DeliveryRow,
    DeliveryToReplay,
    DeliveryToSend,
    Endpoint,
    EndpointWithSecret,
    EventToRelay,
    LoggedEvent,
    NewDelivery,
    NewEvent,
)

__all__ = [
    "Account",
    "ActiveEndpoint",
    "Answered",
    "AttemptRow",
    "AuditEntry",
    "Beat",
    "CommentForLedger",
    "CommentRow",
    "Community",
    "DecisionRow",
    "DeliveryOutcome",
    "DeliveryRow",
    "DeliveryToReplay",
    "DeliveryToSend",
    "Endpoint",
    "EndpointWithSecret",
    "EventToRelay",
    "Excerpt",
    "Holder",
    "JudgedComment",
    "Key",
    "LikeText",
    "ListedModerator",
    "LoggedEvent",
    "NewDelivery",
    "NewEvent",
    "PolicyRow",
    "Role",
    "Sealed",
    "SiteRow",
    "StoredSuggestion",
    "SubjectHead",
    "ThreadHead",
    "ThreadRow",
    "columns",
    "row_of",
    "rows_of",
    "values_of",
]
