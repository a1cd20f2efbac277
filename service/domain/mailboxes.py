"""E-mail addresses in a text, plain or disguised: "name [at] example.com", "name at example dot com"."""

from __future__ import annotations

import re

from service.domain.links import ENDINGS

LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
FILES = r"(?:png|jpe?g|gif|svg|webp|css|m?js|html?|txt|pdf|json|mp[34])"
# Not behind an "@" ("@me@social.example" is a name), and not before a path ("git@host.example:path").
PLAIN = re.compile(
    rf"(?<![\w.%+@-])[\w.%+'-]{{0,63}}[\w%+-]@(?:{LABEL}\.){{1,4}}(?!{FILES}\b)[^\W\d_]{{2,24}}"
    r"(?![\w@]|-\w|:[\w~-]+/)"
)

AT = re.compile(r"[\s\[({<]\s?(at|ät|arroba|arobase|klammeraffe|@|a)(?:\s?[\])}>]|(?=\s))")
TOP = "|".join(("edu gov mil name mobi at ch be se no dk nz" + ENDINGS).split())
POINT = r"dot|punkt|point|punto|ponto"
IN_BRACKETS = rf"\s{{0,2}}[\[({{<]\s?(?:{POINT}|\.)\s?[\])}}>]\s{{0,2}}"
# "the dot com boom" is a time, not a host.
NO_HOST = r"(?!\s(?:bubble|boom|crash|era|bust|mania|compan|startup|stock))"


def _host(point: str) -> re.Pattern[str]:
    dot = rf"(?:{IN_BRACKETS}|\s{{1,2}}(?:{point})\s{{1,2}}|\s\.\s|\.)"
    return re.compile(rf"\s{{0,2}}({LABEL}(?:{dot}{LABEL}){{0,2}}?{dot}({TOP}))(?![\w@-]){NO_HOST}")


# "at some point in" is English; only who says "ät" or "arobase" says "punkt" or "point" for a full stop.
HOST, HOST_ELSEWHERE = _host("dot"), _host(POINT)
WHOSE = re.compile(r"[\w.%+-]+")
SPELT = re.compile(r"\s(?:\w+|\.)\s")
PROVIDER = re.compile(
    r"g(?:oogle)?mail|yahoo|hotmail|outlook|gmx|icloud|proton|aol|live|msn|mail|yandex|web|t-online|free|orange"
    r"|laposte|libero|naver|hanmail|posteo|fastmail|tutanota"
)
ASKED = re.compile(r"(?:mail|write|contact|reach|schreib|adress|[ée]cri|escrib|courriel|correo)[^.!?]{0,24}$")
# Words before or behind a plain "at" that are no part of a mailbox: "look at example dot com".
NO_MAILBOX = """
a about account all am an and are article articles available back be book bought check email found go here
him her his i in info is it job jobs join live look looked looking mail me more my news now on online only
or order our out over page people posted published read reading saw see seen shop site sold story subscribe
that the them there this today up us visit was watch we website were work worked working works you
"""
COMMON = frozenset(NO_MAILBOX.split())
# Endings that are words too: a sentence may begin there ("at all.It is").
SENTENCES = "am as at be by de fun in info is it link live me name no online pro site so space to top us win"
WORDS_TOO = frozenset(SENTENCES.split())
LOOK_BACK = 64  # characters, as long as the part before an "@" may be


def has_mailbox(text: str) -> bool:
    """Say whether a casefolded text holds an e-mail address. Takes linear time.

    >>> has_mailbox("name at example dot com"), has_mailbox("i saw it at example.com")
    (True, False)
    """
    if "@" in text and PLAIN.search(text):
        return True
    return any(_is_disguise(text, match) for match in AT.finditer(text))


def _is_disguise(text: str, at: re.Match[str]) -> bool:
    """Whether "at" stands in a mailbox, and not in a sentence such as "I saw it at example.com"."""
    is_bracketed = at[0][0] in "[({<" and at[0][-1] in "])}>"
    behind = (HOST if at[1] in ("at", "@") else HOST_ELSEWHERE).match(text, at.end())
    if behind is None or (at[1] == "a" and not is_bracketed):
        return False
    before = text[max(0, at.start() - LOOK_BACK) : at.start()].rstrip(" ")
    words = WHOSE.findall(before)
    if not words or not before.endswith(words[-1]):
        return False
    return is_bracketed or _is_meant(before[: -len(words[-1])], words[-1], behind[1], behind[2])


def _is_meant(before: str, whose: str, host: str, ending: str) -> bool:
    """Whether a plain "at" is an "@": its host is of mail, spelt as no link is, or its words ask for mail."""
    if whose in COMMON or host.split()[0] in COMMON:
        return False
    is_sentence = ending in WORDS_TOO and "." in host
    if PROVIDER.match(host) or (SPELT.search(host) and not is_sentence):
        return True
    return not is_sentence and bool(re.search(r"[._+0-9]", whose) or ASKED.search(before))
