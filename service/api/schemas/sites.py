"""What host sites send and get about their threads."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.api.schemas.comments import SITE, ThreadKey, described
from service.sites.threads import Standing
from service.web.fields import YesNo
from service.web.typed import Typed


class WantedThread(Typed):
    """How a thread is to stand. What is left out stays as it is."""

    makes = Standing

    site = fields.String(required=True, validate=SITE)
    thread = ThreadKey(required=True, metadata=described("The thread's key, or the address of its page."))
    closed = YesNo(metadata=described("It takes no more comments."))
    premoderate = YesNo(
        metadata=described("A person reads every comment before it is published."),
    )


class Thread(Schema):
    """A thread as it stands."""

    site = fields.String(attribute="site_id")
    key = fields.String()
    url = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    closed = fields.Function(lambda row: row.closed_at is not None, metadata={"type": "boolean"})
    premoderate = fields.Boolean()
    count = fields.Integer(attribute="approved_count")
