"""What leads readers elsewhere, and what only looks like it."""

from __future__ import annotations

import doctest
import time

import pytest

from service.domain import contacts as module
from service.domain.contacts import HIDDEN, KINDS, MESSENGER, NUMBER, OFFER, contacts

NASTY = {
    "Call customer care number 8391097664 for refund": NUMBER,
    "Dr. Ode brought back my ex after 3 days, contact him on whatsapp": MESSENGER,
    "He brought back my ex husband! WhatsApp: +2348012345678": MESSENGER,
    "Hot singles in your area at bit.ly/xyz": HIDDEN,
    "Best casino bonus 100% >> casino-royal.example": OFFER,
    "I made a fortune. Add me on Telegram @cryptoking99": MESSENGER,
    "DM me on telegram": MESSENGER,
    "Join our group: t.me/joinchat/AAAAbbbb": MESSENGER,
    "Signals every day t.me/crypto_vip_signals": MESSENGER,
    "https://wa.me/2348012345678": MESSENGER,
    "chat.whatsapp.com/JxYz1234": MESSENGER,
    "PayPal support toll free 1-888-555-0134 call now": NUMBER,
    "Lost your bitcoin? Contact the recovery hacker on 1 800 555 0199": NUMBER,
    "hxxp://cheap-pills.example": HIDDEN,
    "Buy cheap viagra at pills24.example": OFFER,
    "I earn $5,000 a week working from home, see easy-money.example": OFFER,
    "text me on what\u200bsapp": MESSENGER,
    "ＷｈａｔｓＡｐｐ me now": MESSENGER,
    "Schreib mir auf WhatsApp": MESSENGER,
    "@loanexpert on Telegram gives loans without a check": MESSENGER,
    "Nice post.\nWhatsapp him today": MESSENGER,
    "SEO services and cheap backlinks: rank-me[.]example": HIDDEN,
}
INNOCENT = (
    "See https://www.theguardian.com/uk/2026/casino-licence for the whole story.",
    "The Guardian has it: theguardian.com/uk",
    "If you are in distress, please call the helpline on 0800 111 0 111.",
    "Call the National Lifeline at 1-800-273-8255, day and night.",
    "My mother called me on WhatsApp yesterday.",
    "They message me on WhatsApp all day long.",
    "WhatsApp is down again.",
    "Telegram banned the channel.",
    "The signal was lost and he could not call for help.",
    "I had to contact them on WhatsApp because nobody picks up the phone.",
    "Node.js 3.5 is out, e.g. for the U.S.A.",
    "the end.Next sentence",
    "The casino got its licence, says the council: https://council.example/minutes",
    "The best casino in town burnt down in 1998.",
    "Call me old-fashioned, but 1914-1918 was a bad time.",
    "He won the jackpot and bought a house.",
    "The council voted 4,500,000 to 3,200,000.",
    "Text messages are cheaper than 20 years ago.",
    "I read it in their channel: t.me/news_channel/12345",
    "Ministers used to write to each other on Signal.",
    "Call 112 in an emergency.",
    "They asked for a refund and got none; order 8391097664.",
    "My ex came back after a year.",
    "Discord is where the kids talk.",
    "We should talk about WhatsApp in schools.",
)


@pytest.mark.parametrize(("text", "kind"), NASTY.items())
def test_what_leads_elsewhere_is_found(text: str, kind: str) -> None:
    assert kind in contacts(text)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_it_passes(text: str) -> None:
    assert contacts(text) == ()


def test_every_kind_has_words_and_stands_in_its_place() -> None:
    assert tuple(module.IN_WORDS) == KINDS
    assert contacts("Buy cheap viagra: bit.ly/x or call 1-800-555-0199, or write to me on WhatsApp") == (
        MESSENGER, NUMBER, HIDDEN, OFFER,
    )  # fmt: skip


@pytest.mark.parametrize(
    "part", ["call ", "1234567 ", "to contact ", "\n", "- ", "@abcd on ", "whatsapp ", "a/", "x"]
)
def test_time_is_linear_in_the_text(part: str) -> None:
    begin = time.thread_time()
    contacts(part * (20_000 // len(part)))
    assert time.thread_time() - begin < 0.5


def test_the_examples_hold() -> None:
    assert doctest.testmod(module).failed == 0
