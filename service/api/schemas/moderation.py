"""What moderators' programs send and get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from marshmallow import Schema, fields, validate

from service.api.schemas.comments import GONE, SITE, UUID, described
from service.domain.comment import ACTIONS, Status
from service.domain.policy_members import DEFAULT, MEMBERS
from service.moderation.acting import Act
from service.moderation.history import without_evidence
from service.web.fields import Note, Whole, WholeNumber
from service.web.typed import Typed


@dataclass(frozen=True, slots=True)
class QueuePart:
    """One page of the review queue, by its site, status, size and the page before."""

    site: str
    status: str
    limit: int
    cursor: str | None = None


class QueueQuery(Typed):
    """Which part of the review queue."""

    makes = QueuePart

    site = fields.String(required=True, validate=SITE)
    status = fields.String(load_default="pending", validate=validate.OneOf([s.value for s in Status]))
    cursor = fields.String(validate=UUID)
    limit = Whole(load_default=50, validate=validate.Range(1, 200))


class QueuedComment(Schema):
    """A comment as a moderator sees it."""

    id = fields.String()
    site = fields.String(attribute="site_id")
    thread = fields.Function(
        lambda row: {
            "key": row.thread_key,
            "url": row.thread_url or row.page_url,
            "title": row.thread_title or row.page_title,
        },
        metadata=described("Where nothing was published yet, link and title are those of this post.")
        | {"type": "object"},
    )
    parent_id = fields.String(allow_none=True)
    author = fields.Function(lambda row: {"name": row.author_name}, metadata={"type": "object"})
    body = fields.Function(
        lambda row: row.body or None, metadata=described(GONE) | {"type": ["string", "null"]}
    )
    status = fields.String()
    version = fields.Integer(metadata=described("Send it with an action: it says what you saw."))
    scores = fields.Dict(keys=fields.String(), values=fields.Float(), allow_none=True)
    reasons = fields.List(
        fields.Dict(),
        allow_none=True,
        metadata=described(
            "Each with `code` and `text`; where a score decided, also `attribute`, `score`, `threshold` and"
            " `reader` (`fast` or `careful`); where it is about the name, `field` (`author_name`), and"
            " where about what the post says of its page, `field` too (`title`, `address` or `key`)."
        ),
    )
    language = fields.String(allow_none=True)
    model = fields.String(attribute="model_id", allow_none=True)
    created_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)
    decided_by = fields.String(allow_none=True)


class Queue(Schema):
    """One page of the review queue, oldest first."""

    comments = fields.List(fields.Nested(QueuedComment))
    next_cursor = fields.String(allow_none=True)


class NewAction(Typed):
    """What a moderator does with one comment, in the version they saw."""

    makes = Act

    comment_id = fields.String(required=True, validate=UUID)
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    version = WholeNumber(required=True, validate=validate.Range(1, 2**31 - 1))
    note = Note(allow_none=True, metadata=described("For the history; not shown to readers."))


@dataclass(frozen=True, slots=True)
class OfSite:
    """What is asked for is a site's."""

    site: str


class SiteQuery(Typed):
    """Which site."""

    makes = OfSite

    site = fields.String(required=True, validate=SITE)


class PolicyDocument(Schema):
    """A site's policy; what is left out has its default.

    The members are described here and checked in the domain: the same rules hold for the command line.
    """

    class Meta:
        """Each member as the domain declares it."""

        include: ClassVar = {
            name: fields.Raw(metadata=kind.schema | described(kind.meaning) | {"default": DEFAULT[name]})
            for name, kind in MEMBERS.items()
        }


@dataclass(frozen=True, slots=True)
class OfComment:
    """What is asked for is a comment's."""

    comment: str


class AuditQuery(Typed):
    """Whose history."""

    makes = OfComment

    comment = fields.String(required=True, validate=UUID)


class AuditEntry(Schema):
    """One thing done to a comment."""

    sequence = fields.Integer()
    actor_kind = fields.String()
    actor = fields.String()
    action = fields.String()
    from_status = fields.String(allow_none=True)
    to_status = fields.String()
    reasons = fields.List(fields.Dict(), allow_none=True)
    scores = fields.Dict(keys=fields.String(), values=fields.Float(), allow_none=True)
    model = fields.String(attribute="model_id", allow_none=True)
    note = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    hash = fields.String()


class KeptDecision(Schema):
    """One decision with what it was made from."""

    sequence = fields.Integer()
    outcome = fields.String()
    actor_kind = fields.String()
    actor = fields.String()
    policy_version = fields.Integer(allow_none=True)
    model = fields.String(attribute="model_id", allow_none=True)
    evidence = fields.Dict(
        keys=fields.String(), allow_none=True, metadata=described("What the policy knew of the comment.")
    )
    without_evidence = fields.Function(
        without_evidence,
        metadata=described("Why there is none: `evidence not kept` (older), or `decided by a person`.")
        | {"type": ["string", "null"]},
    )
    reasons = fields.List(fields.Dict(), allow_none=True)
    created_at = fields.AwareDateTime()


class AuditLog(Schema):
    """A comment's history and decisions, and whether its chain of hashes holds."""

    entries = fields.List(fields.Nested(AuditEntry))
    intact = fields.Boolean()
    decisions = fields.List(fields.Nested(KeptDecision))
