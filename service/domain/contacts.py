"""Calls to get in touch elsewhere: how spam earns its money, whatever it says before.

A messenger's handle or a number counts with a call to use it; an address counts when it is hidden, or when it
is offered with words that only advertisements have. A hotline in a civil sentence is none of these.
"""

from __future__ import annotations

import re

from service.domain.links import count_links, hides_address
from service.domain.seen import as_seen
from service.domain.telephones import RUN

MESSENGER, NUMBER, HIDDEN, OFFER = "messenger", "number", "hidden-address", "offer"
KINDS = (MESSENGER, NUMBER, HIDDEN, OFFER)
IN_WORDS = {
    MESSENGER: "a messenger with a call to write there",
    NUMBER: "a number with a call to ring it",
    HIDDEN: "an address that does not show where it leads",
    OFFER: "an offer with an address",
}
_APP = (
    r"what'?s ?app|telegram|tele gram|signal|viber|wechat|we chat|kik|snapchat|skype|line id|discord"
    r"|messenger|icq"
)
APP = re.compile(rf"\b(?:{_APP})\b")  # most texts name none, and are done with soon
# Addresses that begin a talk; a single post of a channel ("t.me/news/123") is read and not answered.
INVITES = re.compile(
    r"\b(?:wa\.me/|chat\.whatsapp\.com/|api\.whatsapp\.com/send|discord\.gg/"
    r"|signal\.(?:me|group)/|viber\.me/|(?:t|telegram)\.me/(?:joinchat/|\+)?[\w+]{4,32}(?![\w/]))"
)
_WRITE = (
    r"contact|message|msg|text|dm|pm|add|write|reach(?: out)?|hit|chat|call|ping|whatsapp|inbox|join|follow"
    r"|talk|schreibt?|kontaktier(?:t|en)?|melde?t?|contactez|[ée]crivez|escr[ií]b[ea](?:me|nos)?"
    r"|cont[aá]cta(?:me|nos)?|chama|chame|scrivi(?:mi)?|contattami"
)
# Whoever tells a story says who wrote to whom; a call begins a clause, or stands behind one of these.
_CALLING = (
    r"(?:^|[.!?:;,()>»\n-]\s?"
    r"|\b(?:please|pls|kindly|just|can|to|now|and|or|then|so|should|must|simply|quickly)\s)"
)
CALL_TO_WRITE = re.compile(
    rf"{_CALLING}(?:{_WRITE})(?:\s\w{{1,20}}){{0,3}}"
    r"\s(?:on|via|through|at|by|in|using|per|auf|über|sur|por|en|al|no|su|@)"
    rf"\s?(?:the |my |our |his |her |their )?(?:{_APP})\b"
)
STORY = re.compile(
    r"\b(?:used|wants?|wanted|tried|trying|how|going|refused?|had|have|not|easier|able|able me)\sto\s$"
)
TO_APP = re.compile(rf"\b(?:{_APP})\s(?:me|us|him|her|now|the number)\b|\bmy (?:{_APP})\s?(?:is|id|number|:)")
HANDLE = re.compile(
    rf"\b(?:{_APP})(?:\s(?:me|us|him|her|id|number|no|handle|user(?:name)?|at|on|is|only|contact"
    r"|group)){0,3}"
    r"\s?[:=@>-]{0,3}\s?(?:@[a-z]\w{3,31}|\+?\d[\d ()./-]{6,20})"
    rf"|@[a-z]\w{{3,31}}\s(?:on|via|in|at|\()\s?(?:{_APP})\b"
)
CALL_TO_RING = re.compile(
    rf"{_CALLING}(?:call|dial|ring|text|sms|contact|whatsapp|phone|message|reach)\b"
    r"|\b(?:call|dial|text|ring) now\b"
    r"|\b(?:customer|toll[- ]?free|support|help ?line|help ?desk|booking|contact)\s(?:\w{1,12}\s){0,2}"
    r"(?:number|no)\b"
)
SERVICE = re.compile(
    r"\b(?:customer (?:care|service|support)|(?:tech|technical) support|refund|toll[- ]?free|loan"
    r"|invest|crypto|bitcoin|btc|forex|hacker|recover(?:y|ed)?|spell|love caster"
    r"|ex (?:back|husband|wife|lover)|escorts?|call ?girls?|massage|earn|profits?|cash ?app|paypal"
    r"|discount|cheap|bonus|betting|prize|winner|diploma"
    r"|order now|dating|singles|hot girls?|locksmith|repair service|psychic|astrolog)"
)
# What no civil sentence says to a link in it. Words of an address itself do not count.
OFFERS = re.compile(
    r"\b(?:casino bonus|best (?:online )?casino|online casino|bonus \d{2,3} ?%|\d{2,3} ?% bonus|free spins?\b"
    r"|no deposit bonus|jackpot (?:slots?|now)|hot (?:\w{1,12} )?(?:singles|girls|babes|milfs)\b"
    r"|singles (?:in your area|near you)|girls (?:near you|in your area)"
    r"|(?:buy|cheap|order) (?:\w{1,12} )?(?:viagra|cialis|xanax|tramadol|valium|adderall|oxycodone|followers"
    r"|likes|backlinks|replica)|viagra (?:online|cheap)"
    r"|(?:earn|make|made|making|earning) (?:up to |over |around |about )?[$€£] ?\d"
    r"|(?:earn|make) (?:money|cash|extra) (?:online|from home|fast)|work(?:ing)? from home and (?:earn|make)"
    r"|double your (?:bitcoin|btc|money|crypto)|(?:guaranteed|daily) (?:profits?|returns?|income)"
    r"|free (?:iphone|gift ?cards?|v-?bucks|robux|bitcoin)|cheap (?:essay|seo|rolex|watches)"
    r"|(?:payday|instant|personal) loans?\b.{0,40}\b(?:apply|approval|approved|now)\b"
    r"|essay writing service|seo services?|hacker for hire|click here\b"
    r"|claim your (?:prize|reward|gift|bonus)|limited[- ]time offer|order now\b|buy now\b"
    r"|sign up (?:now )?(?:and|to) (?:get|win|earn)"
    r"|bestes? (?:online[- ])?casinos?|geld verdienen (?:von zuhause|online)|jetzt (?:gratis|bestellen))"
)
DIGITS = re.compile("[0-9]")
NEAR = 120  # characters between a call and its number, and between either and what is sold


def contacts(text: str) -> tuple[str, ...]:
    """Return which of `KINDS` stand in a text, each once, in their order. Takes linear time.

    >>> contacts("Call customer care number 8391097664 for refund")
    ('number',)
    >>> contacts("Dr. Ode brought back my ex, contact him on WhatsApp")
    ('messenger',)
    >>> contacts("If you are not well, call the hotline on 0800 111 0 111. My mother called me on WhatsApp.")
    ()
    """
    seen = as_seen(text)
    lines = (" ".join(line.split()) for line in seen.replace("’", "'").casefold().splitlines())
    plain = "\n".join(line for line in lines if line)
    found = {
        MESSENGER: _has_messenger(plain),
        NUMBER: _has_number(plain),
        HIDDEN: hides_address(seen),
        OFFER: count_links(text) > 0 and OFFERS.search(_without_addresses(plain)) is not None,
    }
    return tuple(kind for kind in KINDS if found[kind])


def _has_messenger(plain: str) -> bool:
    if "/" in plain and INVITES.search(plain):
        return True
    if not APP.search(plain):
        return False
    return bool(HANDLE.search(plain) or TO_APP.search(plain)) or any(
        not _is_told(plain, call) for call in CALL_TO_WRITE.finditer(plain)
    )


def _is_told(plain: str, call: re.Match[str]) -> bool:
    """Whether somebody tells of a call: "I had to contact them on …"."""
    return STORY.search(plain, max(0, call.start() - NEAR), call.start() + len("to ")) is not None


def _has_number(plain: str) -> bool:
    """Whether a number to be rung stands with a call to do so and with something that is sold."""
    for run in RUN.finditer(plain) if DIGITS.search(plain) else ():
        if not 7 <= sum(char.isdigit() for char in run[0]) <= 15:
            continue
        begin = max(0, run.start() - NEAR)
        around = plain[begin : run.end() + NEAR]
        if SERVICE.search(around) and any(not _is_told(around, one) for one in CALL_TO_RING.finditer(around)):
            return True
    return False


def _without_addresses(plain: str) -> str:
    return " ".join(word for word in plain.split() if "/" not in word)
