"""Names that pretend: like the site's own, or with tricks in them; and names that are only unusual."""

from __future__ import annotations

import doctest

import pytest

from service.domain import reserved_names
from service.domain.policy_members import Policy
from service.domain.reserved_names import is_disguised, looks_reserved

OURS = Policy().reserved_names


@pytest.mark.parametrize(
    "name",
    [
        "Moderator", "moderator", "MODERATOR", "mod\u200berator", "M\u043ederator", "Mod\u00e9rator",
        "M0derat0r",
        "Admin", "Adrnin", "4dmin", "Admin Anna", "The Admin", "аdmіn", "Parley", "Par1ey", "Parley Team",
        "ＰＡＲＬＥＹ",
        "Daily News", "daily-news", "DailyNews", "The Daily News Team", "D@ily N3ws", "Admi\U000e0041n",
        "Ad\u00admin",
        "Administrator", "m o d e r a t o r", "Moderators",
    ],
)  # fmt: skip
def test_what_looks_like_the_sites_own_is_known(name: str) -> None:
    assert looks_reserved(name, OURS, "Daily News")


@pytest.mark.parametrize(
    "name",
    [
        "Anna",
        "Mo",
        "Moderato",
        "Badminton",
        "Daily reader",
        "News junkie",
        "Parsley",
        "Владимир",
        "김철수",
        "",
        "...",
        "🦄",
    ],
)
def test_other_names_are_not_reserved(name: str) -> None:
    assert not looks_reserved(name, OURS, "Daily News")


@pytest.mark.parametrize(
    "name",
    [
        "An\u200bna",
        "An\u00adna",
        "Anna\u2060",
        "\ufeffAnna",
        "x\U000e0041",
        "\U000e0041🦄",
        "Annа",
        "Ανna",
        "Вob",
        "A\u202eb",
    ],
)
def test_tricks_are_known(name: str) -> None:
    assert is_disguised(name)


@pytest.mark.parametrize(
    "name",
    [
        "Siobhán O'Brien", "Zoë Женя", "👩‍👩‍👧 mum", "می\u200cخواهم", "ക്\u200dഷ",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "山田 Taro", "山田Taro", "Nguyễn Văn A", "µ-man", "שלום\u200f", "J. K.", "",
    ],
)  # fmt: skip
def test_unusual_names_have_no_tricks(name: str) -> None:
    assert not is_disguised(name)


def test_the_examples_hold() -> None:
    assert doctest.testmod(reserved_names).failed == 0
