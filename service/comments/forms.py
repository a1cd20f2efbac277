"""Forms to write in: each is opened with a token, which its post brings back."""

from __future__ import annotations

import secrets
from datetime import datetime

from service.comments.intake import Draft, place
from service.domain import form_tokens
from service.domain.addresses import USUAL
from service.domain.threads import thread_keys

WORD_BYTES = 9  # random, so that two readers of a second do not share a token


def open_form(site: str, thread: str, *, secret_key: bytes, now: datetime) -> str:
    """Return a token for a form on a page, which is given by its key or address. Nothing is stored.

    Raises `Invalid` for an address that is none.
    """
    where = site, thread_keys(thread).of(USUAL)
    return form_tokens.issue(secret_key, where, now, secrets.token_urlsafe(WORD_BYTES))


def form_of(draft: Draft, *, secret_key: bytes, now: datetime) -> str:
    """Return what the token of a post shows."""
    return form_tokens.judge(secret_key, place(draft), draft.form_token, now)
