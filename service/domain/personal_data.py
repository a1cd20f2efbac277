"""Personal data in a text: which kinds of it stand there, never the data itself.

Only shapes are known, not whose they are: a newsroom's mailbox and the author's own count as anybody's. A
person sees that at a glance; a rule that excepted "info@" or "letters@" would only show how to get past it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.domain.bank_accounts import find_accounts
from service.domain.mailboxes import has_mailbox
from service.domain.seen import as_seen
from service.domain.street_addresses import has_home
from service.domain.telephones import has_telephone

EMAIL, PHONE, IBAN, ADDRESS = "email", "phone", "iban", "address"
KINDS = (EMAIL, PHONE, IBAN, ADDRESS)
IN_WORDS = {
    EMAIL: "an e-mail address",
    PHONE: "a telephone number",
    IBAN: "a bank account (IBAN)",
    ADDRESS: "a street address with words of who lives or is found there",
}
DIGIT = re.compile("[0-9]")
# The path of a web address: numbers in it are nobody's. What is asked behind "?" is read.
PATH = re.compile(r"(?:https?://|www\.)(?!wa\.me/)[^\s?]*")
CHAT = re.compile(r"\bwa\.me/\+?\d{8,15}\b")


def personal_data(text: str) -> tuple[str, ...]:
    """Return which of `KINDS` stand in a text, each once, in their order.

    Any text will do, and the time is linear in its length. Nothing of the data itself is returned, so that it
    is kept in no log and no evidence.

    >>> personal_data("Write to jane [at] example.org, or ring 0171/2345678!")
    ('email', 'phone')
    >>> personal_data("In 1914-1918 the pub at 12 Elm Street cost 1,000,000.")
    ()
    """
    seen = as_seen(text).casefold()
    read = PATH.sub(" ", seen) if "://" in seen or "www." in seen else seen
    has_digits = DIGIT.search(seen) is not None  # most texts have none, and are done with soon
    accounts = find_accounts(read) if has_digits else []
    found = {
        EMAIL: has_mailbox(read),
        PHONE: ("wa.me/" in seen and CHAT.search(seen)) or has_telephone(_cut(read, accounts)),
        IBAN: accounts,
        ADDRESS: has_digits and has_home(read),
    }
    return tuple(kind for kind in KINDS if found[kind])


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text without the digits of accounts, some of which look like telephone numbers."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return " ".join(text[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True))
