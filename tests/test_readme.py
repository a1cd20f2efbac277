"""The README tells the truth: its commands run, its settings exist, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from service.api.perspective.moving import thresholds
from service.domain.events import EVERY
from service.domain.policy_members import DEFAULT, MEMBERS
from service.settings import VARIABLES
from tests.running import ROOT, Parley, parley_command

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()]
ELSEWHERE = {
    "make run": "the outside check, and every test that starts Parley, does what it does",
    "make test": "this is it",
    "parley perspective compare scored.jsonl": "tests/service/commands/test_perspective.py does so",
    "parley evaluate --site demo --policy | parley site policy demo --set -": (
        "tests/service/commands/test_fitting.py does so, with comments to fit to"
    ),
    "parley backup night.backup": "tests/service/commands/test_keeping.py does so, and leaves no file here",
    "parley restore night.backup --dry-run": "the same",
    "docker compose up": "tests/test_containers.py reads both files",
    "PARLEY_PUBLIC_URL=https://comments.example.org PARLEY_TRUSTED_PROXIES=1 "
    "docker compose --profile proxy up": "tests/test_containers.py reads the proxy's, too",
}


def environment(parley: Parley) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return clean | {"PARLEY_DATA_DIR": str(parley.data)}


@pytest.mark.parametrize("command", [line for line in COMMANDS if line not in ELSEWHERE])
def test_a_command_of_the_readme_runs(parley: Parley, command: str) -> None:
    program, *arguments = shlex.split(command)

    if program == "parley":
        call, given = parley_command(*arguments), "correct horse battery"
        # The example's host is nobody's; an address needs no name server, and nothing is sent to it here.
        call = [word.replace("cms.example.org", "192.88.98.1") for word in call]
    else:
        assert program == "curl", f"no test runs {command!r}"
        if not shutil.which("curl"):
            pytest.skip("no curl on this machine")
        call, given = (
            [program, "-sS", *(a.replace("http://127.0.0.1:8080", parley.base) for a in arguments)],
            "",
        )
    done = subprocess.run(
        call, env=environment(parley), input=given, capture_output=True, text=True, cwd=ROOT
    )

    assert done.returncode == 0, done.stderr
    assert "problem+json" not in done.stdout


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {"run", "test", "install", "bench", "model"} <= targets
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


def test_the_settings_table_is_complete() -> None:
    table = set(re.findall(r"`(PARLEY_[A-Z_]+)`", README))

    assert set(VARIABLES) <= table
    assert {name for name in table if not name.endswith("_")} <= set(VARIABLES)


def test_the_policy_table_tells_the_defaults() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", README, re.MULTILINE))

    assert set(rows) == set(DEFAULT)
    for name, shown in rows.items():
        if name != "thresholds":
            assert json.loads(shown.strip("`")) == DEFAULT[name]
    thresholds = {
        name: float(value) for name, value in re.findall(r"`([A-Z_]+)` ([0-9.]+[0-9])", rows["thresholds"])
    }
    assert thresholds == {name: limit["review"] for name, limit in DEFAULT["thresholds"].items()}
    assert {limit["reject"] for limit in DEFAULT["thresholds"].values()} == {None}


def test_the_policy_table_says_what_the_members_say() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| .*? \| (.*) \|$", README, re.MULTILINE)

    assert rows == [(name, kind.meaning) for name, kind in MEMBERS.items()]


def test_the_threshold_table_is_the_one_that_is_shipped() -> None:
    made = thresholds()["convertible"]
    head, *rows = re.findall(r"^\| ([0-9.]+|Perspective) \| (.*) \|$", README, re.MULTILINE)

    assert head == ("Perspective", " | ".join(made))
    assert [float(old) for old, _ in rows] == list(made["TOXICITY"]["by_old"])
    for old, cells in rows:
        for one, cell in zip(made.values(), cells.split(" | "), strict=True):
            row = one["by_old"][float(old)]
            assert (
                row["problem"]
                if cell == "–"
                else cell == (f"{row['new']:.3g} ({row['interval'][0]:.2g}–{row['interval'][1]:.2g})")
            )


def test_the_table_of_events_is_the_registry() -> None:
    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (.*) \|$", README, re.MULTILINE)

    assert rows == [(one.name, one.meaning) for one in EVERY]


def test_links_inside_the_project_lead_to_files() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)

    assert [link for link in links if not Path(ROOT / link).exists()] == []
