"""What host sites send and get about their threads."""

from __future__ import annotations

from marshmallow import Schema, fields

from service.api.schemas.comments import SITE, ThreadKey, described
from service.sites.threads import Standing
from service.web.fields import PageText, YesNo
from service.web.typed import Typed


class PinnedNames(Schema):
    """What a thread is called, whatever its pages say; null leaves it to them again."""

    title = PageText(max_graphemes=300, max_bytes=1200, allow_none=True)
    url = PageText(allow_none=True, metadata=described("Of one of the site's origins.") | {"format": "uri"})


class WantedThread(Typed):
    """How a thread is to stand. What is left out stays as it is."""

    makes = Standing

    site = fields.String(required=True, validate=SITE)
    thread = ThreadKey(required=True, metadata=described("The thread's key, or the address of its page."))
    closed = YesNo(metadata=described("It takes no more comments."))
    premoderate = YesNo(
        metadata=described("A person reads every comment before it is published."),
    )
    pin = fields.Nested(
        PinnedNames,
        metadata=described(
            "Title or link that no page changes from now on. What is left out stays as it is."
        ),
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
    pinned = fields.List(fields.String(), metadata=described("What no page changes: `title`, `url`."))
