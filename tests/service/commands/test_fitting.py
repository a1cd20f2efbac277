"""`parley evaluate --site`, on comments that moderators decided."""

from __future__ import annotations

import io
import json
import sys

import pytest
from sqlalchemy import update

from models.texts.templates import rows
from service.commands import main
from service.comments.intake import Draft, Intake
from service.context import utcnow
from service.domain.access import OPERATOR
from service.domain.comment import Status
from service.sites import sites
from service.storage.database import Database
from service.storage.tables import Comment

STANDING, REFUSED = 230, 40


@pytest.fixture
def parley(db: Database, tmp_path, monkeypatch, capsys):
    """Run a sub-command on the test's database; the fast reader alone, for time."""
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARLEY_DATABASE_URL", db.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("PARLEY_CAREFUL_READER", "off")

    def run(*arguments: str, given: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        return main.main(arguments), *capsys.readouterr()

    return run


def ended(db: Database, body: str, number: int, status: Status, by: str) -> None:
    draft = Draft("demo", "https://news.example/a", f"{body} ({number})", key="a")
    comment = Intake(db, b"k" * 32).submit(draft, utcnow()).id
    with db.write() as connection:
        changed = update(Comment).where(Comment.id == comment)
        connection.execute(changed.values(status=status, decided_by=by, language="en"))


@pytest.fixture
def decided(db: Database) -> None:
    """Comments of the teaching grammar: civil ones that stand, bad ones that a moderator refused."""
    found = rows(3_000, seed=1)
    civil = [row.text for row in found if row.labels[0] < 0.2][:STANDING]
    bad = [row.text for row in found if row.labels[0] > 0.8][: 2 * REFUSED]
    for number, text in enumerate(civil):
        ended(db, text, number, Status.APPROVED, "policy")
    for number, text in enumerate(bad):
        ended(db, text, number, Status.REJECTED, "mo" if number < REFUSED else "policy")


def test_thresholds_are_fitted_to_what_moderators_refused_and_can_be_put_in_force(
    parley, db: Database, decided
) -> None:
    reject = {"thresholds": {"INSULT": {"review": 0.3, "reject": 0.35}}, "max_links": 7}
    sites.set_policy(db, OPERATOR, "demo", reject, utcnow())
    found = json.loads(parley("evaluate", "--site", "demo", "--json", "--held", "0.1")[1])
    code, table, error = parley("evaluate", "--site", "demo")
    _, policy, _ = parley("evaluate", "--site", "demo", "--policy", "--held", "0.1")

    # What a rule refused by itself teaches nothing.
    assert (found["standing"], found["refused"]) == (STANDING, REFUSED)
    assert found["attributes"]["TOXICITY"]["held_fitted"]["standing"] <= 0.1
    assert (code, error) == (0, "")
    assert "230 comments of demo that stand and 40 that a moderator refused" in table
    assert len(table.splitlines()) == 1 + 1 + len(found["attributes"]) + 1 + 1

    assert parley("site", "policy", "demo", "--set", "-", given=policy)[0] == 0
    now = sites.policy_of(db, OPERATOR, "demo")
    assert now["max_links"] == 7
    fitted = {name: one["fitted"] for name, one in found["attributes"].items()}
    assert now["thresholds"]["INSULT"] == {"review": min(fitted.pop("INSULT"), 0.35), "reject": 0.35}
    assert {name: now["thresholds"][name]["review"] for name in fitted} == fitted


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--site", "demo"), "Cannot fit thresholds to demo: there are 0 comments that stand and 0 that"),
        (("--site", "nowhere"), "nowhere"),
        (("--site", "demo", "dev.csv.gz"), "--site takes the site's own comments, and no file"),
        (("--policy",), "--policy goes with --site"),
    ],
)
def test_what_cannot_be_fitted_is_said_in_a_sentence(parley, arguments: tuple[str, ...], words: str) -> None:
    code, out, error = parley("evaluate", *arguments)

    assert (code, out) == (2, "")
    assert words in error
    assert error.count("\n") == 1
