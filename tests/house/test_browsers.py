"""Scripts and styles keep to what browsers of early 2022 know: Chrome 100, Firefox 100, Safari 15.4."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, name_of

WIDGET = sorted((ROOT / "service/embed/widget").rglob("*.js"))
REVIEW = sorted((ROOT / "service/review/static").rglob("*.js"))
# What is younger, by how it is written, with the first version of the last of the three to know it.
YOUNGER = {
    r"\bAbortSignal\.(timeout|any)\b": "Chrome 103, Safari 16",
    r"\.findLast(Index)?\(": "Firefox 104",
    r"\.(toSorted|toReversed|toSpliced)\(|\.with\(": "Firefox 115",
    r"\b(Object|Map)\.groupBy\b": "Safari 17.4",
    r"\bArray\.fromAsync\b|\bPromise\.(withResolvers|try)\b": "2024",
    r"\b(URL|JSON)\.(canParse|parse\(\w+, \w+, \w+|rawJSON)": "2023",
    r"\.(isWellFormed|toWellFormed)\(": "Firefox 119",
    r"\.(union|intersection|difference|isSubsetOf|isSupersetOf|isDisjointFrom)\(": "Firefox 127",
    r"\.(values|keys|entries)\(\)\.(map|filter|find|some|every|toArray|take|drop|forEach)\(": "2024",
    r"\.requestSubmit\(": "Safari 16",
    r"\.aria[A-Z]\w+|\.role\b": "Firefox 119",
    r"\.(checkVisibility|showPopover|togglePopover|moveBefore|setHTML|getHTML)\(": "2024",
    r"\bpopover\b|\binert\b": "Firefox 112",
    r"\bscrollend\b|\bbeforetoggle\b": "2023",
    r"\bstatic \{": "Safari 16.4",
    r"\(\?<[=!]": "Safari 16.4 (looking behind in a regular expression)",
    r"/[a-z]*v[a-z]*\.(test|exec)\b": "2023 (the flag v of regular expressions)",
    r"\bIntl\.(DurationFormat|supportedValuesOf)\b|\.(getTextInfo|textInfo|formatRange)\b": "2023",
    r"\b(scheduler|navigator\.locks|showOpenFilePicker|documentPictureInPicture)\b": "not in all of them",
    r"\blight-dark\(|\boklch\(|\boklab\(|\brgb\(from\b": "Safari 17.5 (colours)",
    r":has\(|^\s*&[\s.:\[]|@scope\b|@starting-style\b|\banchor\(": "Firefox 121 (styles)",
    r"\b(rotate|scale|translate): |\d(dvh|svh|lvh|dvb|svb)\b": "Safari 15.4 knows some of them",
}
# These are younger too, and the script stands without them: each is asked for first, or may fail.
GUARDED = {
    r"\bIntl\.Segmenter\b": "'Segmenter' in Intl",
    r"\bnew CSSStyleSheet\b|\badoptedStyleSheets\b": "catch {",
    r"\bcolor-mix\(": "for (const one of [text, ",
    r"\bnavigation\b": "window.navigation?.",
}


def code(path: Path) -> str:
    """A script without its comments."""
    text = re.sub(r"/\*\*?.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"(^|\s)//.*", "", text)


def too_young(text: str) -> list[str]:
    found = [f"{hit[0]}: {v}" for name, v in YOUNGER.items() for hit in re.finditer(name, text, re.M)]
    return found + [
        f"{hit[0]} without {guard!r}"
        for name, guard in GUARDED.items()
        if guard not in text and (hit := re.search(name, text))
    ]


@pytest.mark.parametrize("path", [*WIDGET, *REVIEW], ids=name_of)
def test_a_script_asks_for_nothing_that_a_browser_of_2022_lacks(path: Path) -> None:
    assert too_young(code(path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "fetch(url, { signal: AbortSignal.timeout(5) })",
        "const last = list.findLastIndex((one) => one)",
        "const now = list.toSorted()",
        "form.requestSubmit()",
        "card.ariaBusy = 'true'",
        "for (const one of map.values().filter(Boolean)) one()",
        "text.replace(/(?<=a)b/, '')",
        "  color: light-dark(#000, #fff);",
        "const sheet = new CSSStyleSheet()",
        "class A {\n  static {\n  }\n}",
    ],
)
def test_what_is_younger_is_found(line: str) -> None:
    assert too_young(line)


@pytest.mark.parametrize("path", [*WIDGET, *REVIEW], ids=name_of)
def test_styles_within_a_script_name_no_side(path: Path) -> None:
    sides = r"\b(margin|padding|border|inset)-(left|right|top|bottom)\b|text-align: (left|right)|\bfloat:"

    assert re.findall(sides, code(path)) == []
