"""Street addresses in a text that says who lives there, or tells others to go there.

A house alone is no secret: "the pub at 12 Elm Street" stands in every paper. What puts somebody in danger is
the house together with the person, so only both, close together, count.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

NEAR = 200  # characters between the house and the words about it
REACH = 120  # characters that a street's name may have
DIGITS = re.compile("[0-9]+")
WORD = re.compile(r"[^\W\d_]+")

# What stands between a number and "street" when no address is meant: "12 people on the street".
_OTHER = (
    r"(?:the|a|an|on|in|of|at|to|for|from|down|up|across|along|off|by|this|that|my|our|and|or|is|was|are|people"
    r"|men|women|kids|cars?|years?|months?|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|miles?|km|metres?"
    r"|meters?|feet|yards?|blocks?|times|percent|houses|homes|lanes?|more|other|different|am|pm|way|star|jahre?n?"
    r"|tage?n?|stunden?|minuten|meter|leute|menschen|ans|heures|jours|mètres|auf|den|dem|der|die|das|ein|eine[mnr]?"
    r"|kein|von|mit|um|war|ist|(?:bed)?rooms?|beds?|doors?|stor(?:e?y|e?ys|ies))\b"
)
_SQUARE = r"square(?!\s(?:feet|foot|ft|m[eè]t|mil|kil|km|yard|inch|root))"
_EN = (
    r"street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|court|ct|crescent|place|pl|boulevard|blvd|way|terrace"
    rf"|{_SQUARE}|sq|gardens|grove|mews|hill|row|parade|circle|trail|parkway|pkwy|walk|view|highway"
)
_EN_BEFORE = r"street|road|rd|avenue|ave|lane|drive|boulevard|blvd|crescent|terrace"
_DE = r"strasse|str\.?|gasse|allee|platz|weg|-ring|damm|ufer|chaussee|steig|pfad|straat|laan|plein|gracht"
_NOT_DE = r"(?:tabellen|start|arbeits|spiel|park|sitz|steh|listen)platz|(?:hin|durch|vor|um|aus)weg"
_FR = rf"rue|avenue|av\.?|boulevard|bd|place|chemin|all[ée]e|impasse|quai|route|cours|{_SQUARE}|passage"
_ROMANCE = (
    r"calle|avenida|avda\.?|plaza|paseo|via|viale|piazza|corso|rua|travessa|largo|rue|chemin|impasse|quai"
)
_FIRST = r"(?<![\w.,:/])\d{1,5}"
_LAST = rf",?\s(?:no\.?|nr\.?|number|nummer|n[o°]\.?|#)?\s?\d{{1,5}}(?!\d|[.,:]\d|\s?%|\s{_OTHER})"
# Quantifiers that give nothing back ("++") keep the search linear.
FORMS = (
    rf"{_FIRST}[a-z]?(?:[/-]\d{{1,4}})?,?\s{{1,2}}(?:(?!{_OTHER})[\w'’.-]{{1,24}}+\s){{1,3}}?(?:{_EN})\b",
    rf"\b(?!{_OTHER})[\w'’-]{{2,24}}+\s(?:{_EN_BEFORE}){_LAST}",
    rf"(?<![\w-])(?!{_NOT_DE})(?=[\w-]{{3,44}}+\.?{_LAST})[\w-]{{2,40}}?(?:{_DE}){_LAST}",
    rf"(?<![\w-])(?!{_OTHER})[\w-]{{2,24}}+\s(?:strasse|str\.|platz|allee|weg){_LAST}",
    rf"{_FIRST}\s?(?:bis\b|ter\b)?,?\s{{1,2}}(?:{_FR})\s(?!{_OTHER})[\w'’-]{{2,24}}",
    rf"\b(?:{_ROMANCE})\s(?:[\w'’-]{{1,24}}\s){{0,4}}?[\w'’-]{{2,24}}{_LAST}",
    # "wohnt am Markt 5", where only what stands before says that it is a street
    r"(?:wohn(?:t|en|st|haft)|adresse|anschrift)\W{1,3}(?:ist\s|lautet\s)?(?:am|an\sder|auf\sdem|unter\sden|zum|zur)\s"
    r"(?!\w+tag|mittwoch|ende|anfang)[\w-]{3,24}(?:\s[\w-]{3,24})?\s\d{1,4}[a-z]?(?![\w.])",
)
HOUSE = re.compile("|".join(FORMS))
# A text without one of these words or endings has no house to look for.
STREETS = frozenset(WORD.findall(f"{_EN} {_FR} {_ROMANCE} strasse str platz allee weg allée wohnt adresse"))
ENDINGS = tuple(_DE.replace(r"\.?", "").replace("-", "").split("|"))
# Of the United Kingdom, where a house may have a name and no number.
POSTCODE = re.compile(r"\b[a-z]{1,2}\d[a-z\d]?\s?\d(?!st|nd|rd|th)[abd-hjlnp-uw-z]{2}\b")
# Seats of government and of novels: everybody knows who lives there, and nobody is put in danger.
WELL_KNOWN = re.compile(
    r"1[01] downing st|1600 pennsylvania|221b baker|4 privet drive|742 evergreen terrace|12 grimmauld"
)

_PERSON = r"(?:him|her|them|this|that|these|those|his|their)"
_PUBLIC = r"(?:museum|gallery|pub|shop|store|church|library|park|caf[eé]|restaurant|bakery|market)"
_WHOM = rf"(?!us\b|me\b|it\b|to\b|the\s{_PUBLIC})"
_DOOR = r"(?:house|home(?!\s(?:ground|win|game|team|town|page))|flat|door|apartment|doorstep|front\sdoor)"
# Who lives there, and calls to go there.
WHO = (
    r"(?:liv(?:es?|ing)|resid(?:es?|ing)|stay(?:s|ing))\s(?:alone\s|just\s|right\s|over\s|now\s)*"
    r"(?:at|on|near|here|there|in\s(?=[^.!?]{0,40}\d))",
    r"(?:home|private)\sadd?ress",
    rf"(?:my|his|her|their|(?!{_PUBLIC})\w{{1,24}}['’]s)\s(?:\w{{1,24}}\s)?add?ress",
    rf"add?ress\sof\s{_PERSON}",
    r"where\s(?:\w{1,24}\s){1,3}?(?:lives?|stays?|sleeps?)\b",
    r"doxx?\w*",
    r"(?:he|she|they)(?:['’]s|['’]re|\sis|\sare)\s(?:\w{1,24}\s)?(?:home|at\s\d)",
    r"wohn(?:t|en|st|haft)",
    r"(?:seine?|ihre?|deine?|meine?)\s(?:\w{1,24}\s)?(?:adresse|anschrift|wohnung|haus)",
    r"habite(?:nt)?",
    r"r[ée]side(?:nt)?\s(?=au|[àa]\s|dans|rue|\d)",
    r"vi(?:t|vent)\s(?:au|[àa]|dans|rue)",
    r"(?:son|leur|ton)\s(?:\w{1,24}\s)?(?:adresse|domicile)",
    r"vive\s(?:en|na|no|in|a)",
    r"mora\s(?:na|no|em)",
    r"abita\s(?:in|a)",
    r"woont",
    r"su\s(?:direcci[oó]n|casa)",
    r"(?:sua|la\ssua)\s(?:casa|morada)",
    r"endereço\sd",
    r"suo\sindirizzo",
)
GO = (
    rf"find\s{_PERSON}\s(?:\w{{1,24}}\s){{0,2}}(?:at|in|here|home)",
    rf"pay(?:ing)?\s{_WHOM}(?:\w{{1,24}}\s){{1,3}}?a\s(?:\w{{1,24}}\s){{0,2}}visit",
    r"pay(?:ing)?\sa\s(?:\w{1,24}\s)?visit(?!\sto\sthe\b)",
    rf"visit(?:ing)?\s(?:{_PERSON}|\w{{1,24}}\sat\s(?:home|night)|(?=\d))",
    r"(?:go|come|drop|stop|swing)\s(?:and\s)?(?:by|visit|round\sto)",
    rf"(?:go|come|drive|walk|head|march)\s(?:\w{{1,24}}\s)?to\s(?:(?:\w{{1,24}}['’]s|{_PERSON})\s(?:place|{_DOOR})|(?=\d))",
    r"(?:show|turn)\sup\s(?:at|outside|there|tonight)",
    r"knock\s(?:\w{1,24}\s)?(?:on|at)",
    rf"ring\s{_PERSON}\s(?:door)?bell",
    rf"(?:go|come)\s(?:and\s|over\s(?:and\s)?)?(?:get|find|see|tell|show|ask|scare|hurt|kill|teach)\s{_PERSON}",
    rf"(?:his|her|their)\s{_DOOR}",
    r"burn\s(?:\w{1,24}\s){1,3}down",
    r"(?:meet|gather|protest|rally)\s(?:\w{1,24}\s){0,3}(?:outside|in\sfront)",
    r"you\s(?:all\s)?know\s(?:where\sto\sfind|what\sto\sdo)",
    r"drop(?:ping)?\sin\son",
    rf"say\s(?:hi|hello)\sto\s{_PERSON}",
    r"besuch\s(?:\w{1,24}\s){0,2}ab",
    r"besucht\s(?:ihn|sie|mal|den|die)",
    r"statt?et\s(?:\w{1,24}\s){1,3}besuch",
    r"hausbesuch",
    r"(?:geht|fahrt|schaut|kommt|gehen|fahren|schauen)\s(?:\w{1,24}\s){0,3}(?:hin|vorbei|zu\s(?:ihm|ihr|ihnen))",
    r"klingelt?\s(?:mal\s)?(?:bei|dort)",
    r"rend(?:re|ez|s|ons)[\s-](?:\w{1,24}\s){0,3}visite",
    r"all(?:ez|ons)\s(?:le|la|les|lui|chez)\b",
    r"chez\s(?:lui|elle|eux)",
    r"pass(?:er|ez|ons)\s(?:\w{1,24}\s)?chez",
)
SAID = re.compile(rf"\b(?:{'|'.join(WHO + GO)})")


def has_home(text: str) -> bool:
    """Say whether a casefolded text holds a street address close to words about who lives or is found there.

    Takes linear time.

    >>> has_home("she lives at 12 elm street"), has_home("the pub at 12 elm street is shut")
    (True, False)
    """
    houses = sorted(at for at in _houses(text) if not WELL_KNOWN.match(text, at))
    if not houses:
        return False
    for said in SAID.finditer(text):
        first = bisect_left(houses, said.start() - NEAR)
        if first < len(houses) and houses[first] <= said.end() + NEAR:
            return True
    return False


def _houses(text: str) -> Iterator[int]:
    words = set(WORD.findall(text))
    if not STREETS.isdisjoint(words) or any(word.endswith(ENDINGS) for word in words):
        for begin, end in _around_numbers(text):
            yield from (house.start() for house in HOUSE.finditer(text, begin, end))
    yield from (code.start() for code in POSTCODE.finditer(text))


def _around_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text that have a number, none twice: most of a text has none."""
    begin = end = 0
    for number in DIGITS.finditer(text):
        if number.start() - REACH > end:
            yield begin, end
            begin = number.start() - REACH
        end = number.end() + REACH
    yield begin, end
