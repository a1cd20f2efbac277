"""Host sites, their threads, and the people who moderate them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables.base import Base, Id


class Site(Base):
    """One host site; its id stands in the widget's ``site`` attribute."""

    __tablename__ = "sites"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    policy: Mapped[dict[str, Any]]
    policy_version: Mapped[int] = mapped_column(default=1, server_default="1")
    # Whose pages may name, link and make threads; none given: any page may.
    origins: Mapped[list[Any] | None]
    www_apart: Mapped[bool] = mapped_column(default=False, server_default=false())
    slash_apart: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    # The last place in the log that an event of its was deleted from; 0 if none was.
    events_pruned: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class Thread(Base):
    """The talk on one page. ``version`` grows with every public change: it is cache key and ETag.

    ``url`` is the link as a page of the site gave it; there is none before such a page did, and its comment
    was published. ``named_by`` is that comment. What is pinned no page changes.
    A row that is ``moved_to`` another is an alias: its key leads to where its comments are now, by one step
    always, since whatever led to it was turned to the same thread.
    """

    __tablename__ = "threads"
    __table_args__ = (UniqueConstraint("site_id", "key"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    premoderate: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    approved_count: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    url_pinned: Mapped[bool] = mapped_column(default=False, server_default=false())
    title_pinned: Mapped[bool] = mapped_column(default=False, server_default=false())
    named_by: Mapped[str | None] = mapped_column(Id)
    moved_to: Mapped[str | None] = mapped_column(Id, index=True)


class ThreadChange(Base):
    """A thread that was renamed, moved, merged or split, with all that it takes to take that back.

    ``thread_id`` is the thread that was changed or took comments in, ``other_id`` the one that gave them.
    """

    __tablename__ = "thread_changes"
    id: Mapped[str] = mapped_column(Id, primary_key=True)  # sorts by time
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    thread_id: Mapped[str] = mapped_column(Id, index=True)
    other_id: Mapped[str | None] = mapped_column(Id, index=True)
    before: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class ThreadChangeComment(Base):
    """A comment that a change took to another thread, and what it answered until then."""

    __tablename__ = "thread_change_comments"
    change_id: Mapped[str] = mapped_column(
        ForeignKey("thread_changes.id", ondelete="CASCADE"), primary_key=True
    )
    comment_id: Mapped[str] = mapped_column(Id, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(Id)
    root_id: Mapped[str | None] = mapped_column(Id)


class Moderator(Base):
    """A person who decides. The password is an argon2id hash.

    One that somebody else set is changed before anything else (``must_change_password``).
    """

    __tablename__ = "moderators"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())


class ModeratorSite(Base):
    """Which sites a moderator may act on; an ``owner`` sets policies and webhooks too, a ``viewer`` looks."""

    __tablename__ = "moderator_sites"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'moderator', 'owner')", name="role_known"),)
    moderator_id: Mapped[str] = mapped_column(
        ForeignKey("moderators.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))


class Credential(Base):
    """A login session or an API token, recognised by the SHA-256 of its secret.

    A token may be for one kind of act (``scope``) and some ``sites`` only, whatever its holder may do.
    """

    __tablename__ = "credentials"
    __table_args__ = (CheckConstraint("kind IN ('session', 'token')", name="kind_known"),)
    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    moderator_id: Mapped[str] = mapped_column(ForeignKey("moderators.id", ondelete="CASCADE"), index=True)
    label: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]  # when a session was last used by a person
    scope: Mapped[str | None] = mapped_column(String(16))
    sites: Mapped[list[Any] | None]


class SecondFactor(Base):
    """That a moderator's login asks for a code of their app, too. Its secret is not here (see the rules).

    The code of ``last_step`` was the last one that was used: it and all before it are good for nothing.
    """

    __tablename__ = "second_factors"
    moderator_id: Mapped[str] = mapped_column(
        ForeignKey("moderators.id", ondelete="CASCADE"), primary_key=True
    )
    salt: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
    last_step: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code that stands in for the app's once, recognised by its keyed hash; a used one is deleted."""

    __tablename__ = "recovery_codes"
    moderator_id: Mapped[str] = mapped_column(
        ForeignKey("second_factors.moderator_id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
