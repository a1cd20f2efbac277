"""Telephone numbers in a text: what is written as people write numbers to be rung, and not merely digits.

A number counts by its own shape (+44 20 7946 0958, (212) 555-0147, 0171/2345678, 06 12 34 56 78), or in any
shape behind a call to ring it ("call me on 555 0147 0199"). Freephone, premium and emergency numbers are
public lines and no person's: they never count, nor does anything shorter than seven digits.
"""

from __future__ import annotations

import re
from itertools import pairwise

# Digits as people group them. A run is taken whole: no part of a longer number passes for a short one.
RUN = re.compile(r"[(+0-9]\+?(?:[ \t./()‐‑–-]{0,3}\d)*")
TRUNK = re.compile(r"\s?\(0\)\s?")  # "+44 (0)20 …": the zero is not dialled from abroad
GROUP = re.compile(r"\d+")
WORDS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "null": "0", "eins": "1", "zwei": "2", "zwo": "2", "drei": "3",
    "vier": "4", "fünf": "5", "sechs": "6", "sieben": "7", "acht": "8", "neun": "9", "zéro": "0", "un": "1",
    "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "sept": "7", "huit": "8", "neuf": "9",
}  # fmt: skip
_SPELT = rf"(?:double )?(?:{'|'.join(WORDS)})"
SPELT = re.compile(rf"\b{_SPELT}(?:[ ,.-]{{1,3}}{_SPELT}){{5,}}\b")
# One-digit and two-digit calling codes; every other country has three digits.
SHORT = """
1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82
84 86 90 91 92 93 94 95 98
"""
SHORT_CODES = frozenset(SHORT.split())
LONG_CODE = re.compile(r"21|22|23|24|25|26|29|35|37|38|42|50|59|67|68|69|85|87|88|96|97|99")
PUBLIC = re.compile(r"0?800|0?808|0300|0?900|18(?:00|33|44|55|66|77|88)|1300|8(?:00|33|44|55|66|77|88)\d{7}$")
NANP = re.compile(r"1?[2-9]\d\d[2-9]\d{6}")
NANP_GROUPS = ((3, 3, 4), (1, 3, 3, 4), (3, 7))
DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|(?:19|20)\d\d[./-]\d\d?[./-]\d\d?)(?!\d)"
)
YEAR = re.compile(r"1[0-9]\d\d|20\d\d")
CLOCK = re.compile(r"[01]\d[0-5]\d|2[0-3][0-5]\d")
ALL_DIGITS = "0123456789012345678909876543210987654321"
# What may not stand right before or behind: then it is an amount, part of a word, a sum, a time, a reference.
NOT_AFTER = re.compile(r"[\w$€£¥#§=*^<>@&%_.,:/+-]$|[=*^×÷]\s?$|(?:§|[$€£¥])\s?$|\d\s?[-+/]\s?$")
NOT_BEFORE = re.compile(
    r"[\w%€$£¥°@=]|[,.:]\d|\s?[=*^×÷%€$£]|\s?(?:km|kg|mm|cm|usd|eur|euros?|dollars?|people|votes)\b"
)
REFERENCE = re.compile(
    r"\b(?:isbn|issn|doi|arxiv|pmid|ean|order|invoice|ref|reference|ticket|case|serial|product|item|article|account"
    r"|patent|version|id|bestellnummer|rechnung|aktenzeichen|az|art(?:ikel)?|loto?|lotto|lottery|jackpot|powerball"
    r"|euromillions|ziehung|tirage)\b(?:[ .:#-]|number|nummer|numbers|no|nr|zahlen|1[03]){0,6}$"
)
_RING = (
    r"call|phone|ring|text|dial|tel|telephone|whatsapp|signal|telegram|mobile|cell|cellphone|phone ?number"
    r"|(?:my|his|her|their|your) (?:new |private |home |work )?(?:number|digits)|handy|telefon|nummer"
    r"|(?:handy|telefon|ruf)nummer|ruf(?:t|en)?|erreichbar|anrufen|appel(?:le|er|ez)(?:[- ](?:moi|le|la))?"
    r"|numéro|téléphone|tél|portable|ll[aá]ma(?:me|le|d)?|tel[eé]fono|m[oó]vil|liga|ligue|telefone|celular"
    r"|chiama(?:mi)?|bel|contact|ph|fon"
)
_LINKING = (
    r"me|us|him|her|them|on|at|is|this|under|number|no|nr|now|today|tonight|back|my|his|mich|ihn|sie|uns|an|unter"
    r"|ist|lautet|der|die|nummer|meine?|seine?|ihre?|au|sur|est|le|la|el|al|es|para|o|em"
)
CALL = re.compile(
    rf"\b(?:{_RING})(?:['’]s)?\b(?:\W{{1,3}}(?:{_LINKING})){{0,4}}\W{{1,3}}$"
    r"|\b(?:call|phone|ring|text|dial|reach|contact|whatsapp)\s(?:\w{1,24}\s){1,2}(?:on|at)\s$"
)
LOOK_BACK = 64  # characters in which the words before a number are looked for
SHORTEST, LONGEST = 7, 15  # digits of a number that somebody is told to ring; E.164 has the upper bound


def has_telephone(text: str) -> bool:
    """Say whether a casefolded text holds a telephone number. Takes linear time.

    >>> has_telephone("ring me: 0171/2345678"), has_telephone("call 0800 1110"), has_telephone("1914-1918")
    (True, False, False)
    """
    text = SPELT.sub(_digits_of_words, text)
    return any(_is_telephone(text, match) for match in RUN.finditer(text) if len(match[0]) >= SHORTEST)


def _digits_of_words(match: re.Match[str]) -> str:
    spoken = re.findall(r"(double )?(\w+)", match[0])
    return "".join(WORDS[word] * (2 if twice else 1) for twice, word in spoken)


def _is_telephone(text: str, run: re.Match[str]) -> bool:
    before = text[max(0, run.start() - LOOK_BACK) : run.start()]
    written = _as_dialled(run[0])
    groups = GROUP.findall(written)
    digits = "".join(groups)
    if not SHORTEST <= len(digits) <= LONGEST + 2 or _is_something_else(written, groups, digits):
        return False
    called = CALL.search(before) is not None
    if NOT_BEFORE.match(text, run.end()) or (NOT_AFTER.search(before) and not called):
        return False
    if written.startswith(("+", "(+")):
        return _is_international(digits)
    if digits.startswith(("00", "011")) and _is_international(digits[2 if digits[1] == "0" else 3 :]):
        return True
    if PUBLIC.match(digits):
        return False
    if called:
        return len(digits) <= LONGEST
    return not REFERENCE.search(before) and (
        _is_national(written, groups, digits) or _is_american(written, groups)
    )


def _as_dialled(written: str) -> str:
    while written.startswith("(") and written.count("(") > written.count(")"):
        written = written[1:].lstrip()  # a bracket around more than the area
    return TRUNK.sub(" " if written.startswith(("+", "(+", "00")) else "0", written)


def _is_something_else(written: str, groups: list[str], digits: str) -> bool:
    """Whether it is years, a date, clock times, an IP address, bits, a round number or a mere sequence."""
    numbers = [int(group) for group in groups]
    steps = {b - a for a, b in pairwise(numbers)}
    return (
        all(YEAR.fullmatch(group) for group in groups)
        or (not _is_in_pairs(written, groups) and DATE.search(written) is not None)
        or all(CLOCK.fullmatch(group) for group in groups)
        or (len(groups) == 4 and written.count(".") == 3 and max(numbers) < 256)
        or re.search(r"\d\D*\((?!\d{1,5}\))|^\d{4,}\D*\(", written) is not None  # "010001 (2002)"
        or len(set(digits)) < 3
        or digits.endswith("00000")
        or (len(groups) > 3 and len(steps) == 1 and steps < {-2, -1, 0, 1, 2})
    )


def _is_in_pairs(written: str, groups: list[str]) -> bool:
    """Whether it is written as in France: 06 12 34 56 78, with the same mark between all of them."""
    return (
        [len(group) for group in groups] == [2] * 5
        and groups[0][0] == "0" != groups[0][1]
        and len(set(re.findall(r"\D+", written))) == 1
    )


def _is_international(digits: str) -> bool:
    if digits.startswith("1"):
        return NANP.fullmatch(digits) is not None and not PUBLIC.match(digits)
    short = digits[:1] in SHORT_CODES or digits[:2] in SHORT_CODES
    code = 1 if digits[:1] in SHORT_CODES else 2 if short else 3
    known = short or LONG_CODE.match(digits) is not None
    return known and 9 <= len(digits) <= LONGEST and not PUBLIC.match(digits[code:])


def _is_national(written: str, groups: list[str], digits: str) -> bool:
    """Whether it begins with the 0 that is dialled before an area, and is grouped as a number is."""
    if digits[0] != "0" or digits[1] == "0" or not 9 <= len(digits) <= 13:
        return False
    if {len(group) for group in groups} == {1}:  # "0 1 7 1 …", to be hidden from machines; not innings
        return len(digits) >= 10 and len(set(digits)) >= 5
    if len(groups) == 1:
        return digits not in ALL_DIGITS
    if _is_in_pairs(written, groups):
        return True
    return 2 <= len(groups[0]) <= 6 and len(groups) <= 6 and max(map(len, groups[1:])) >= 3


def _is_american(written: str, groups: list[str]) -> bool:
    """Whether it has the groups of North America, of Russia, or as in Brazil an area in brackets."""
    sizes = tuple(map(len, groups))
    if sizes == (1, 3, 3, 2, 2) and groups[0] in "78":  # of Russia
        return True
    if written.startswith("(") and sizes in {(2, 4, 4), (2, 5, 4)}:
        return True
    if sizes not in NANP_GROUPS or "/" in written or not NANP.fullmatch("".join(groups)):
        return False
    if set(re.findall(r"\D", written)) == {" "} and YEAR.fullmatch(groups[-1]):
        return False  # volume, page and year
    return not all(group.endswith("00") for group in groups if len(group) > 1)
