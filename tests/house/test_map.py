"""CONTRIBUTING leads a stranger to rooms and files that are there, and forgets no room."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import PACKAGES, ROOT, name_of, tracked

GUIDE = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
DECISIONS = (ROOT / ".github" / "DECISIONS.md").read_text()
MAP = GUIDE.partition("### The map")[2].partition("\n### ")[0]
RECIPES = (
    "A rule of the policy",
    "An event",
    "A door",
    "A setting",
    "A command",
    "A table with its migration",
)


def rooms() -> set[str]:
    """The folders with code, and those of the tests that mirror no other."""
    code = {name_of(path.parent) for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT)}
    ours = {name for name in code if name.split("/")[0] in PACKAGES} - {"service/storage/migrations/versions"}
    tests = {name for name in code if re.fullmatch(r"tests(/\w+)?", name)}
    return ours | {name for name in tests if name.removeprefix("tests/") not in PACKAGES}


def test_the_map_equals_the_folders() -> None:
    listed = re.findall(r"^\| `([\w/]+)/` \|", MAP, re.MULTILINE)

    assert sorted(listed) == sorted(rooms())


def test_every_file_and_folder_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:service|workers|models|tests|\.github|\.ci)/[\w./]*)`", GUIDE + DECISIONS))

    assert len(named) > 50
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_there_are_six_recipes() -> None:
    assert len(RECIPES) == 6


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_names_its_files_and_its_test_in_few_lines(title: str) -> None:
    recipe = GUIDE.partition(f"**{title}**")[2].partition("\n\n")[0]

    assert re.search(r"^1\. Test: .*", recipe, re.MULTILINE)
    assert len(re.findall(r"`(?:tests)/[\w./]+`", recipe)) >= 1
    assert len(re.findall(r"`(?:service)/[\w./]+`", recipe)) >= 2
    assert len(re.findall(r"^\d\. ", recipe, re.MULTILINE)) <= 10


def test_every_command_of_the_guide_names_what_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", GUIDE, re.MULTILINE)) <= targets
    for path in re.findall(r"-m pytest (\S+)", GUIDE):
        assert (ROOT / path).exists(), path
