"""Bank accounts in a text, as IBANs: ISO 13616, with the lengths of its registry."""

from __future__ import annotations

import re

REGISTRY = """
ad24 ae23 al28 at20 az28 ba20 be16 bg22 bh22 bi27 br29 by28 ch21 cr22 cy28 cz24 de22 dj27 dk18 do28 ee20
eg29 es24 fi18 fk18 fo18 fr27 gb22 ge22 gi23 gl18 gr27 gt28 hn28 hr21 hu28 ie22 il23 iq23 is26 it27 jo30
kw30 kz20 lb28 lc32 li21 lt20 lu20 lv21 ly25 mc27 md24 me22 mk19 mn20 mr27 mt31 mu30 ni28 nl18 no15 om23
pk24 pl28 ps29 pt25 qa29 ro24 rs22 ru33 sa24 sc31 sd18 se24 si19 sk24 sm27 so23 st25 sv28 tl23 tn24 tr26
ua29 va22 vg24 xk20 ye30
"""
LENGTHS = {entry[:2]: int(entry[2:]) for entry in REGISTRY.split()}
LEAST_DIGITS = 9  # with fewer it is words that happen to have the right check digits
BEGIN = re.compile(r"(?:(?<![^\W_])|(?<=iban))[a-z]{2}\d\d")
WRITTEN = re.compile(r"(?:[a-z0-9][ .\u00a0-]?){15,34}")


def find_accounts(text: str) -> list[tuple[int, int]]:
    """Return where accounts stand in a casefolded text: a known country, its length, and right check digits.

    Takes linear time.

    >>> find_accounts("pay to de89 3704 0044 0532 0130 00, not to de88 3704 0044 0532 0130 00")
    [(7, 34)]
    """
    found, last = [], 0
    for match in BEGIN.finditer(text):
        end = _end(text, match.start()) if match.start() >= last else 0
        if end:
            found.append((match.start(), end))
            last = end
    return found


def _end(text: str, begin: int) -> int:
    """Return where the account ends that begins here, or 0 if none does."""
    wanted, signs = LENGTHS.get(text[begin : begin + 2], 0), []
    written = WRITTEN.match(text, begin) if wanted else None
    for at in range(begin, written.end() if written else begin):
        if text[at].isalnum():
            signs.append(text[at])
        if len(signs) == wanted:
            is_whole = not text[at + 1 : at + 2].isalnum()
            return at + 1 if is_whole and _is_right("".join(signs)) else 0
    return 0


def _is_right(signs: str) -> bool:
    number = "".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])
    return sum(map(str.isdecimal, signs)) >= LEAST_DIGITS and int(number) % 97 == 1
