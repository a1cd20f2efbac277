"""What readers send and get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, validate

from service.comments.intake import Draft
from service.comments.own import Look
from service.comments.reading import DEFAULT_LIMIT, MAX_LIMIT, SORTS, PageQuery
from service.domain import comment
from service.domain.addresses import SIGNS
from service.domain.reasons import reasons_for_author
from service.domain.threads import ADDRESS, MAX_GIVEN, MAX_KEY_BYTES
from service.web.fields import PageText, Text, Whole
from service.web.typed import Typed

UUID = validate.Regexp(
    r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", error="is no comment id"
)
SITE = validate.Regexp(r"\A[a-z0-9][a-z0-9-]{0,62}\Z", error="is no site id")
TOKEN = validate.Regexp(r"\A[A-Za-z0-9_-]{22,128}\Z", error="must be 22 to 128 letters, digits, - or _")

GONE = "Null, as is the name, where it was taken back, or refused longer ago than refused texts are kept."


def described(text: str) -> dict[str, str]:
    """Return field metadata with a description for the API page."""
    return {"description": text}


class ThreadKey(Text):
    """The host's own key of a page: one line, or the page's address, which may be longer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_graphemes=MAX_KEY_BYTES, max_bytes=MAX_KEY_BYTES, one_line=True, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if isinstance(value, str):
            value = SIGNS.sub("", value)
            if ADDRESS.match(value.lstrip()):
                return str(value)  # read and cut like an address given as one
        return super()._deserialize(value, attr, data, **kwargs)


class ThreadReference(Schema):
    """Which page a comment belongs to."""

    key = ThreadKey(
        metadata=described(
            "The host's own stable key of the page; its canonical address if left out. A key that is an"
            " address must be that of `url`."
        ),
    )
    url = PageText(
        required=True,
        metadata=described(
            "Address of the page, of one of the site's origins. Tracking parameters are dropped, and the"
            " fragment unless it begins with `/` or `!`; all spellings of one address are one thread."
        )
        | {"format": "uri"},
    )
    title = PageText(
        max_graphemes=300,
        max_bytes=1200,
        allow_none=True,
        metadata=described(
            "Title of the page. What is too long is cut, what cannot be shown dropped. It is shown once the"
            " comment that brought it is published."
        ),
    )


class Author(Schema):
    """Who a comment says it is from. Nothing is proven by a name."""

    name = Text(
        max_graphemes=comment.MAX_NAME_GRAPHEMES,
        max_bytes=comment.MAX_NAME_BYTES,
        one_line=True,
        allow_none=True,
    )


class WrittenIn(Schema):
    """The form that a comment was written in. Programs and plain forms leave it out."""

    token = fields.String(
        allow_none=True,
        validate=validate.Length(max=300),
        metadata=described(
            "What `GET /api/v1/form-token` gave when the form was opened. Where much is posted, a comment"
            " with a good one passes wider limits; a missing, forged or hasty one refuses nothing."
        ),
    )
    topic = fields.String(
        allow_none=True,
        metadata=described("Empty: people do not see it, and what a program fills in goes to review."),
    )


class NewComment(Typed):
    """A comment as a reader posts it. A field that is not listed is refused."""

    makes = Draft

    site = fields.String(required=True, validate=SITE)
    thread = fields.Nested(ThreadReference, required=True)
    parent_id = fields.String(
        validate=UUID, allow_none=True, metadata=described("The published comment of this page it answers.")
    )
    author = fields.Nested(Author)
    form = fields.Nested(WrittenIn)
    body = Text(
        required=True,
        max_graphemes=comment.MAX_COMMENT_GRAPHEMES,
        max_bytes=comment.MAX_COMMENT_BYTES,
        metadata=described(
            "Plain text, shown as typed but for empty lines, of which one in a row is kept: up to 5,000"
            " characters and 20,000 bytes."
        ),
    )

    def _arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        thread, author, form = values.pop("thread"), values.pop("author", {}), values.pop("form", {})
        written = {"form_token": form.get("token"), "trapped": bool((form.get("topic") or "").strip())}
        return {**values, **thread, **written, "author_name": author.get("name")}


@dataclass(frozen=True, slots=True)
class Sender:
    """What the headers of a post say of its sender."""

    author_token: str | None = None
    idempotency_key: str | None = None
    origin: str | None = None


class PostHeaders(Typed):
    """Headers of a post."""

    makes = Sender

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        validate=validate.Regexp(r"\A[\x21-\x7e]{1,128}\Z", error="must be 1 to 128 printable characters"),
        metadata=described(
            "Send the same on a retry: it gives the same comment, not a second one. Make a new random one for"
            " each comment, and send `Parley-Author` with it: without, a retry gets no receipt."
        ),
    )
    author_token = fields.String(
        data_key="Parley-Author",
        validate=TOKEN,
        metadata=described("A random secret the reader's browser keeps; links their comments on one site."),
    )
    origin = fields.String(
        data_key="Origin",
        metadata=described("Sent by browsers: the origin of the page, which must be one of the site's."),
    )


@dataclass(frozen=True, slots=True)
class GivenReceipt:
    """The receipt that a header or a query brings, if any."""

    receipt: str | None = None


class ReceiptHeaders(Typed):
    """The secret that came with a comment of one's own."""

    makes = GivenReceipt

    receipt = fields.String(data_key="Parley-Receipt", validate=validate.Length(1, 128))


class ReceiptQuery(Typed):
    """For pages that cannot send a header."""

    makes = GivenReceipt

    receipt = fields.String(validate=validate.Length(1, 128))


@dataclass(frozen=True, slots=True)
class FormAsked:
    """Where a form is opened."""

    site: str
    thread: str


class FormQuery(Typed):
    """Where a form is opened."""

    makes = FormAsked

    site = fields.String(required=True, validate=SITE)
    thread = fields.String(
        required=True,
        validate=validate.Length(1, MAX_GIVEN),
        metadata=described("Key or address of the page, as the post will give it."),
    )


class FormToken(Schema):
    """What a post from this form brings back as `form.token`."""

    token = fields.String(metadata=described("Good from 2 seconds to 12 hours after it was given."))


class Accepted(Schema):
    """The comment is stored and waits to be scored; it is not public yet."""

    id = fields.String()
    status = fields.String(validate=validate.OneOf([s.value for s in comment.Status]))
    receipt = fields.String(
        allow_none=True,
        metadata=described(
            "Keep it: it shows and manages this comment. Null on a retry without `Parley-Author`: anybody may"
            " have sent that."
        ),
    )


class Reason(Schema):
    """One rule that asked for more than approval."""

    code = fields.String()
    field = fields.String(
        metadata=described(
            "`author_name` where it is about the name; `title`, `address` or `key` where about the page's."
        )
    )
    text = fields.String()


class OwnComment(Schema):
    """A comment with its status, for its author; for others only once it is public."""

    id = fields.String(attribute="comment.id")
    site = fields.String(attribute="comment.site_id")
    thread = fields.String(attribute="comment.thread_key")
    parent_id = fields.String(attribute="comment.parent_id", allow_none=True)
    author = fields.Function(lambda look: {"name": look.comment.author_name}, metadata={"type": "object"})
    body = fields.Function(
        lambda look: look.comment.body or None,
        metadata=described(GONE) | {"type": ["string", "null"]},
    )
    status = fields.String(attribute="comment.status")
    created_at = fields.AwareDateTime(attribute="comment.created_at")
    edited_at = fields.AwareDateTime(attribute="comment.edited_at", allow_none=True)
    decided_at = fields.AwareDateTime(attribute="comment.decided_at", allow_none=True)
    reasons = fields.Method("own_reasons", metadata={"type": "array", "items": {"type": "object"}})

    def own_reasons(self, look: Look) -> list[dict[str, str]]:
        """Reasons are for the author alone; scores and thresholds stay with the moderators."""
        if not look.is_own:
            return []
        row = look.comment
        return reasons_for_author(comment.Status(row.status), row.decided_by, row.reasons or ())


class PageQuerySchema(Typed):
    """Which page of which thread."""

    makes = PageQuery

    site = fields.String(required=True, validate=SITE)
    thread = fields.String(required=True, validate=validate.Length(1, MAX_GIVEN))
    sort = fields.String(load_default="newest", validate=validate.OneOf(SORTS))
    cursor = fields.String(validate=validate.Length(1, 300))
    limit = Whole(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_LIMIT),
        metadata=described("At most; a page also ends before it is larger than a megabyte."),
    )
    parent = fields.String(validate=UUID, metadata=described("Only the replies below this comment."))


class ThreadHead(Schema):
    """A thread, with how many comments are public in it."""

    key = fields.String()
    url = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    count = fields.Integer()
    closed = fields.Boolean()
    version = fields.Integer()


class PublicComment(Schema):
    """A published comment; ``removed`` is the place of one that is gone and has replies."""

    id = fields.String()
    parent_id = fields.String(allow_none=True)
    author = fields.Nested(Author, allow_none=True)
    body = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(["approved", "removed"]))
    created_at = fields.String()
    edited_at = fields.String(allow_none=True)
    reply_count = fields.Integer()
    replies = fields.List(fields.Nested("PublicComment"))
    next_replies = fields.String(allow_none=True)


class ThreadPage(Schema):
    """One page of a thread."""

    thread = fields.Nested(ThreadHead)
    comments = fields.List(fields.Nested(PublicComment))
    next_cursor = fields.String(allow_none=True)


@dataclass(frozen=True, slots=True)
class Counted:
    """Threads of a site by their keys or addresses."""

    site: str
    thread: Sequence[str]


class CountsQuery(Typed):
    """Which threads to count."""

    makes = Counted

    site = fields.String(required=True, validate=SITE)
    thread = fields.List(
        fields.String(validate=validate.Length(1, MAX_GIVEN)),
        required=True,
        validate=validate.Length(1, 100),
    )


class Counts(Schema):
    """How many comments are public, by thread as asked for."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
