"""The `parley` command.

Proves `service/__main__.py`, `service/commands/database.py`, `service/commands/keys.py`,
`service/commands/moderators.py`, `service/commands/scoring.py`, `service/commands/sites.py`,
`service/commands/threads.py`, `service/commands/webhooks.py` and `service/commands/grammar/` too.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import subprocess
import sys

import pytest

from models.training.train import Plan, train
from service.commands import main
from service.commands.lines import BATCH, MAX_LINE
from service.comments.intake import Draft, Intake
from service.context import utcnow
from service.domain.scores import ATTRIBUTES
from service.domain.second_factor import code_at, step_of
from service.outbound import Answer
from service.sites import second_factors
from service.sites.moderators import log_in, who
from service.storage.database import Database
from service.webhooks import sending
from tests.models.conftest import PLACES, rows, write_csv
from tests.running import ROOT, parley_command


@pytest.fixture
def parley(db, redis_url, tmp_path, monkeypatch, capsys):
    """Run a sub-command in this process on the test's database; return exit code, output and errors."""
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARLEY_DATABASE_URL", db.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)

    def run(*arguments: str, given: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = main.main(arguments)
        out, error = capsys.readouterr()
        return code, out, error

    return run


def every_command(parser=None, path=()):
    """Yield each command with what it runs."""
    parser = parser or main.build_parser()
    for action in parser._actions:
        for name, inner in (action.choices or {}).items() if hasattr(action, "_name_parser_map") else ():
            yield from every_command(inner, (*path, name))
    if run := parser.get_default("run"):
        yield " ".join(path), run


COMMANDS = dict(every_command())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_leads_to_a_function_that_explains_itself(command):
    module, name = COMMANDS[command].split(":")

    assert getattr(importlib.import_module(f"service.commands.{module}"), name).__doc__


def test_the_commands_are_those_of_the_readme():
    assert {command.split()[0] for command in COMMANDS} == {
        "up", "web", "worker", "scheduler", "db", "site", "thread", "moderator", "webhook", "score",
        "train", "evaluate", "model", "perspective", "audit", "doctor", "backup", "restore", "retention",
    }  # fmt: skip


def test_python_m_service_is_the_same_command():
    ended = subprocess.run(parley_command("--help"), cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 0
    assert "usage: parley" in ended.stdout


def test_understanding_a_command_imports_nothing_heavy():
    script = (
        "import sys; from service.commands import main; main.build_parser();"
        " print([m for m in %r if m in sys.modules])"
    )
    heavy = ("flask", "celery", "sklearn", "numpy", "sqlalchemy")
    ended = subprocess.run(
        [sys.executable, "-c", script % (heavy,)], cwd=ROOT, capture_output=True, text=True
    )

    assert ended.stdout.strip() == "[]", ended


def test_an_unknown_command_is_code_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["sing"])

    assert ended.value.code == 2
    assert "invalid choice: 'sing'" in capsys.readouterr().err


def test_sites_are_added_and_listed_and_a_mistake_is_one_sentence(parley):
    page = ("--origin", "https://news.example")
    assert parley("site", "add", "news", "--name", "The News", *page)[0] == 0
    assert "news\tThe News\n" in parley("site", "list")[1]
    assert parley("site", "add", "news", "--any-origin") == (2, "", "parley: id 'news' is taken\n")
    assert parley("site", "policy", "nowhere") == (2, "", "parley: There is no site 'nowhere'.\n")


def test_a_site_says_whose_pages_it_takes(parley):
    assert parley("site", "add", "news", "--origin", "HTTPS://News.example/", "--origin", "loopback")[0] == 0

    assert parley("site", "origins", "news")[1] == "https://news.example\nloopback\n"
    assert parley("site", "origins", "news", "--add", "https://m.news.example")[1].endswith(
        "m.news.example\n"
    )
    assert parley("site", "origins", "news", "--any-origin")[1] == "any page\n"
    assert parley("site", "origins", "news", "--origin", "https://news.example/blog") == (
        2, "", "parley: origins 'https://news.example/blog' must be like https://www.example.org\n",
    )  # fmt: skip
    assert parley("site", "origins", "nowhere")[0] == 2


def test_a_site_is_not_added_without_a_word_on_its_pages(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["site", "add", "news"])

    assert ended.value.code == 2
    assert "--origin" in capsys.readouterr().err


def test_what_a_site_holds_apart_in_addresses_is_shown_and_changed(parley):
    assert parley("site", "addresses", "demo")[1] == "www.\tthe same page\nslash at the end\tthe same page\n"
    assert parley("site", "addresses", "demo", "--slash", "apart")[1].endswith("two pages\n")
    assert parley("site", "addresses", "demo", "--slash", "same")[1].endswith("the same page\n")


def test_keys_are_made_listed_and_dropped(parley, db):
    code, key, said = parley("perspective", "key", "add", "The Gazette", "--per-minute", "30")
    assert (code, key.startswith("parley_key_")) == (0, True)
    assert "not shown again" in said
    assert ("PARLEY_PERSPECTIVE_KEYS=required" in said) == db.is_sqlite  # elsewhere they are asked for
    assert "\tThe Gazette\t30/minute\t" in parley("perspective", "key", "list")[1]
    assert parley("perspective", "key", "add", "The Gazette")[0] == 2

    assert parley("perspective", "key", "drop", "The Gazette")[0] == 0
    assert parley("perspective", "key", "list")[1] == ""
    assert parley("perspective", "key", "drop", "The Gazette") == (
        2, "", "parley: There is no key named 'The Gazette'.\n",
    )  # fmt: skip


@pytest.mark.parametrize("odd", ["0", "-1", "abc", "1.5", "", "1000001", "9" * 5000, "٣"])
def test_a_number_that_is_none_is_one_sentence(capsys, odd):
    with pytest.raises(SystemExit) as ended:
        main.main(["perspective", "key", "add", "x", f"--per-minute={odd}"])

    assert ended.value.code == 2
    assert "must be a whole number from 1 to 1000000" in capsys.readouterr().err


def test_an_argument_that_is_no_text_is_one_sentence(capsys):
    assert main.main(["perspective", "key", "drop", "\udcff"]) == 2
    assert capsys.readouterr().err == "parley: an argument is no text in the terminal's encoding\n"


def test_a_policy_is_shown_and_replaced(parley):
    code, shown, _ = parley("site", "policy", "demo", "--set", "-", given='{"max_links": 7}')

    assert code == 0
    assert json.loads(shown)["max_links"] == 7
    assert json.loads(parley("site", "policy", "demo")[1])["max_links"] == 7
    assert parley("site", "policy", "demo", "--set", "-", given="no json")[0] == 2
    assert parley("site", "policy", "demo", "--set", "/nowhere")[0] == 2
    assert "max_links must be" in parley("site", "policy", "demo", "--set", "-", given='{"max_links": -1}')[2]


def test_a_moderator_is_added_and_can_log_in_until_disabled(parley, db):
    added = parley("moderator", "add", "Ann", "--site", "demo", "--role", "owner", given="tulip-mania-1637\n")
    assert added[0] == 0
    assert "tulip" not in added[1]
    assert log_in(db, "Ann", "tulip-mania-1637", utcnow())

    made = parley("moderator", "password", "Ann", "--random")[1].split()[-1]
    assert who(db, log_in(db, "Ann", made, utcnow()), utcnow()).must_change_password
    assert parley("moderator", "password", "Ann", "--own", given="tulip-mania-1638\n")[0] == 0
    assert not who(db, log_in(db, "Ann", "tulip-mania-1638", utcnow()), utcnow()).must_change_password

    assert parley("moderator", "token", "Ann", "ci")[1].startswith("parley_")
    assert parley("moderator", "token", "Ann", "ci", "--drop")[1] == "Dropped 1 token.\n"
    assert parley("moderator", "disable", "Ann")[0] == 0
    assert "Ann\tdisabled\tdemo=owner\n" in parley("moderator", "list")[1]
    assert parley("moderator", "disable", "Ann", "--undo")[0] == 0
    assert parley("moderator", "password", "Ann", given="short\n")[0] == 2
    assert parley("moderator", "password", "Bob", given="tulip-mania-1637\n")[0] == 2


def test_who_has_a_second_factor_is_listed_and_an_operator_switches_it_off(parley, db):
    parley("moderator", "add", "Ann", "--site", "demo", "--own", given="tulip-mania-1637\n")
    parley("moderator", "add", "Bob", "--site", "demo", "--own", given="tulip-mania-1637\n")
    ann, key, now = (
        who(db, session := log_in(db, "Ann", "tulip-mania-1637", utcnow()), utcnow()),
        b"k" * 32,
        utcnow(),
    )
    setup = second_factors.begin(db, key, ann, session, "tulip-mania-1637", "Parley", now)
    code = code_at(base64.b32decode(setup.secret), step_of(now))
    second_factors.turn_on(db, key, ann, session, setup.ticket, code, now)

    assert (
        parley("moderator", "list")[1]
        == "Ann\tactive\tdemo=moderator\tsecond factor\nBob\tactive\tdemo=moderator\n"
    )
    shown = parley("moderator", "second-factor", "Ann")[1]
    assert shown == f"Ann has a second factor since {now:%Y-%m-%d}, 10 recovery codes left.\n"
    assert parley("moderator", "password", "Ann", "--own", given="tulip-mania-1638\n")[0] == 0
    assert parley("moderator", "second-factor", "Ann")[1] == shown
    assert parley("moderator", "second-factor", "Ann", "--off") == (
        0,
        "The second factor of Ann is off now.\n",
        "",
    )
    assert "off, and was so before" in parley("moderator", "second-factor", "Ann", "--off")[1]
    assert parley("moderator", "second-factor", "Ann")[1] == "Ann has no second factor.\n"
    assert "factor off" in parley("audit", "log")[1]
    for off in ((), ("--off",)):
        code, _, error = parley("moderator", "second-factor", "Cleo", *off)
        assert (code, "There is no moderator 'Cleo'." in error) == (2, True)


def test_a_moderator_is_granted_a_site_and_taken_off_it(parley):
    assert parley("moderator", "add", "Ann", "--site", "demo", given="tulip-mania-1637\n")[0] == 0
    again = parley(
        "moderator", "add", "Ann", "--site", "other", "--role", "owner", given="tulip-mania-1637\n"
    )
    assert again[:2] == (2, "")
    assert again[2].endswith("parley moderator grant Ann --site other --role owner\n")

    assert parley("moderator", "grant", "Ann", "--site", "other", "--role", "owner")[0] == 0
    assert "Ann\tactive\tdemo=moderator other=owner\n" in parley("moderator", "list")[1]
    assert parley("moderator", "revoke", "Ann", "--site", "demo")[0] == 0
    assert "Ann\tactive\tother=owner\n" in parley("moderator", "list")[1]
    assert parley("moderator", "revoke", "Ann", "--site", "demo")[0] == 2
    assert parley("moderator", "grant", "Ann", "--site", "nowhere", "--role", "owner")[0] == 2


def test_a_thread_is_closed_reopened_and_premoderated(parley, db):
    Intake(db, b"k" * 32).submit(Draft("demo", "https://news.example/a", "A remark.", key="a"), utcnow())
    url = "0\t-\n"  # nobody has read where it says that it is
    assert parley("thread", "list", "demo")[1] == f"a\topen\t{url}"

    assert parley("thread", "close", "demo", "a") == (0, "a is closed.\n", "")
    assert parley("thread", "premoderate", "demo", "a")[0] == 0
    assert parley("thread", "list", "demo")[1] == f"a\tclosed premoderated\t{url}"
    assert parley("thread", "reopen", "demo", "a")[0] == 0
    assert parley("thread", "premoderate", "demo", "a", "--off")[0] == 0
    assert parley("thread", "list", "demo")[1] == f"a\topen\t{url}"
    assert parley("thread", "reopen", "demo", "b")[0] == 2
    assert parley("thread", "close", "demo", "b") == (0, "b is closed.\n", "")
    assert parley("thread", "close", "demo", "null")[0] == 2
    assert "b\tclosed\t0\t-\n" in parley("thread", "list", "demo")[1]
    assert parley("thread", "list", "nowhere") == (2, "", "parley: There is no site 'nowhere'.\n")


def test_a_thread_is_renamed_moved_merged_and_split_after_it_was_shown(parley, db):
    intake = Intake(db, b"k" * 32)
    ids = [
        intake.submit(Draft("demo", f"https://news.example/{key}", "A remark.", key=key), utcnow()).id
        for key in "ab"
    ]
    shown = "1 comment, 0 public go from a to b, which stays open; a leads there.\n"
    assert parley("thread", "merge", "demo", "a", "b") == (
        0, f"{shown}Nothing was done. The same with --yes does it.\n", "",
    )  # fmt: skip
    assert parley("thread", "list", "demo")[1].count("\n") == 2
    assert parley("thread", "merge", "demo", "a", "b", "--yes") == (
        0, f"{shown}`parley thread undo demo b --yes` takes it back.\n", "",
    )  # fmt: skip
    assert parley("thread", "list", "demo")[1] == "b\topen\t0\t-\n"
    assert parley("thread", "undo", "demo", "b", "--yes")[1] == (
        "merge taken back: 1 comment, 0 public go from b to a.\n"
    )
    assert parley("thread", "split", "demo", "a", "c", ids[0], "--yes")[0] == 0
    assert parley("thread", "move", "demo", "c", "d", "--yes")[1].startswith("c is d (1 comment, 0 public);")
    assert parley("thread", "rename", "demo", "c", "--title", "The talks", "--yes")[0] == 0
    assert "d\topen\t0\t-\n" in parley("thread", "list", "demo")[1]
    assert parley("thread", "undo", "demo", "d")[1].startswith("rename taken back: d is d again")
    for mistake in (("merge", "demo", "a", "a"), ("move", "demo", "a", "d"), ("rename", "demo", "a"),
                    ("split", "demo", "a", "b", "x"), ("undo", "demo", "b")):  # fmt: skip
        code, out, error = parley("thread", *mistake, "--yes")
        assert (code, out) == (2, "")
        assert error.startswith("parley: ")
        assert error.count("\n") == 1


def test_an_endpoint_is_added_listed_and_tested(parley, monkeypatch):
    refused = parley("webhook", "add", "demo", "http://127.0.0.1:9999/hook")
    assert refused[0] == 2
    assert "not a public address" in refused[2]

    monkeypatch.setenv("PARLEY_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.0/8")
    made = parley("webhook", "add", "demo", "http://127.0.0.1:9999/hook")[1]
    endpoint = made.split()[1]

    assert "whsec_" in made
    assert parley("webhook", "list")[1] == f"{endpoint}\tdemo\tactive\thttp://127.0.0.1:9999/hook\n"
    assert "A test event is on its way" in parley("webhook", "test", endpoint)[1]
    assert parley("webhook", "test", "no-such")[0] == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[fd00::1]", "192.168.0.9", "localhost"])
def test_a_private_address_is_refused_with_the_setting_that_allows_it(parley, host):
    code, _, said = parley("webhook", "add", "demo", f"http://{host}:9999/hook")

    assert (code, said.count("\n")) == (2, 1)
    assert f"{host.strip('[]')} is not a public address" in said
    assert "PARLEY_WEBHOOK_PRIVATE_NETWORKS" in said


def test_an_endpoint_is_looked_after_from_the_command_line(parley, monkeypatch, db):
    monkeypatch.setenv("PARLEY_WEBHOOK_PRIVATE_NETWORKS", "127.0.0.0/8")
    made = parley("webhook", "add", "demo", "http://127.0.0.1:9999/hook")[1]
    endpoint, secret = made.split()[1], made.split()[3]
    delivery = parley("webhook", "test", endpoint)[1].split("delivery ")[1].strip(").\n")

    assert parley("webhook", "deliveries", endpoint)[1] == (
        f"{delivery}\tdue\twebhook.test\t0\tnot tried yet\n"
    )
    sending.deliver(
        db, endpoint, send=lambda *_: Answer(None, error="not called: it is private"), clock=utcnow
    )
    assert (
        "\tdue\twebhook.test\t1\tnot called: it is private; next at 2"
        in (parley("webhook", "deliveries", endpoint)[1])
    )
    assert parley("webhook", "deliveries", endpoint, "--status", "failed")[1] == ""
    assert parley("webhook", "replay", delivery)[1] == f"{delivery} is on its way again.\n"
    sending.deliver(db, endpoint, send=lambda *_: Answer(410), clock=utcnow)
    assert "\tdisabled: The receiver answered 410 Gone.\t" in parley("webhook", "list")[1]
    assert parley("webhook", "replay", delivery)[0] == 2
    assert parley("webhook", "enable", endpoint)[0] == 0
    assert "\tactive\t" in parley("webhook", "list")[1]
    rotated = parley("webhook", "rotate", endpoint)[1]
    assert "secret: whsec_" in rotated
    assert secret not in rotated
    assert parley("webhook", "remove", endpoint)[0] == 0
    assert parley("webhook", "list")[1] == ""


@pytest.mark.parametrize("command", ["enable", "rotate", "remove", "deliveries", "replay", "test"])
def test_an_id_that_is_none_is_answered_in_one_sentence(parley, command):
    code, out, said = parley("webhook", command, "no-such")

    assert (code, out, said.count("\n")) == (2, "", 1)
    assert "There is no such" in said


def test_the_database_is_upgraded_and_a_first_moderator_made_once(parley, tmp_path, monkeypatch):
    monkeypatch.setenv("PARLEY_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert parley("db", "current")[0] == 1
    assert parley("site", "list")[2].endswith("parley db upgrade\n")

    assert "as moderator, password: " in parley("db", "upgrade", "--demo")[1]

    assert "password" not in parley("db", "upgrade", "--demo")[1]
    assert parley("db", "current")[0] == 0
    assert parley("site", "list")[1] == "demo\tDemo\n"


def score(*lines: bytes) -> list[dict]:
    ended = subprocess.run(
        parley_command("score"), cwd=ROOT, input=b"\n".join(lines), capture_output=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_score_answers_every_line_in_order_and_says_what_is_wrong_with_bad_ones():
    good = [json.dumps({"id": number, "text": f"comment {number}"}).encode() for number in range(BATCH + 10)]
    bad = [b"{", b"[]", b'{"id": 1}', b'{"id": "x", "text": "\\ud800"}', b'{"id": [], "text": "a"}', b"\xff",
           b'{"id": "l", "text": "a", "lang": 5}', b"[" * 100_000, b'{"id": 9, "text": "' + b"a" * MAX_LINE,
           b'{"id": 1e999, "text": "a"}']  # fmt: skip
    last = b'{"id": "last", "text": "Was the treaty ever signed?", "lang": "en"}'
    answers = score(*good, b"", *bad, last)

    assert [answer["id"] for answer in answers[: len(good)]] == list(range(len(good)))
    assert all(set(answer["scores"]) == set(ATTRIBUTES) for answer in answers[: len(good)])
    assert all(0 <= score <= 1 for answer in answers[: len(good)] for score in answer["scores"].values())
    assert [answer.keys() for answer in answers[len(good) : -1]] == [{"id", "error"}] * len(bad)
    assert answers[-1]["id"] == "last"
    assert answers[-1].keys() == {"id", "scores", "language", "model", "reader"}


def test_score_believes_a_line_that_says_its_language():
    told, found, odd, empty = score(
        b'{"id": 1, "text": "Was the treaty ever signed?", "lang": "de-AT"}',
        b'{"id": 2, "text": "Was the treaty ever signed?"}',
        b'{"id": 3, "text": "Was the treaty ever signed?", "lang": "tlh"}',
        b'{"id": 4, "text": "Was the treaty ever signed?", "lang": ""}',
    )

    assert [answer["language"] for answer in (told, found, odd, empty)] == ["de", "en", "tlh", "en"]
    assert told["scores"].keys() < found["scores"].keys(), "that language has a smaller model of its own"
    assert found["reader"] in ("fast", "careful")
    assert found["scores"] == empty["scores"]


def test_score_reads_as_the_service_does(monkeypatch):
    line = b'{"id": 1, "text": "What you say is rather stupid."}'
    [plain] = score(line)
    monkeypatch.setenv("PARLEY_TOXICITY_PRIOR", "0.9")
    [often] = score(line)
    monkeypatch.setenv("PARLEY_TOXICITY_PRIOR", "much")
    ended = subprocess.run(parley_command("score"), cwd=ROOT, input=line, capture_output=True, timeout=60)

    assert plain["scores"]["TOXICITY"] < often["scores"]["TOXICITY"]
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.startswith(b"parley: PARLEY_TOXICITY_PRIOR: ")


def test_score_can_be_conversed_with():
    with subprocess.Popen(
        parley_command("score"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        for key in ("a", "b"):
            process.stdin.write(json.dumps({"id": key, "text": "you idiot"}).encode() + b"\n")
            process.stdin.flush()

            assert json.loads(process.stdout.readline())["id"] == key
        process.stdin.close()
    assert process.returncode == 0


def test_a_model_that_cannot_be_used_is_one_sentence(parley, tmp_path):
    for arguments in (("score",), ("model", "show"), ("evaluate",)):
        code, out, error = parley(*arguments, "--model", str(tmp_path))

        assert (code, out) == (2, "")
        assert error.startswith("parley: The model cannot be used")
        assert error.count("\n") == 1


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """The folder of a model trained on a few rows, and ``dev.csv.gz`` beside it to evaluate it on."""
    folder = tmp_path_factory.mktemp("small")
    csvs = (
        write_csv(folder / "train.csv.gz", rows(PLACES[:7])),
        write_csv(folder / "dev.csv.gz", rows(PLACES[7:])),
    )
    train(Plan(*csvs), folder / "model", lambda line: None)
    return folder / "model"


def test_an_evaluation_is_a_table_or_json(parley, small_model):
    data = str(small_model.parent / "dev.csv.gz")
    code, table, _ = parley("evaluate", data, "--model", str(small_model))
    found = json.loads(parley("evaluate", "--data", data, "--model", str(small_model), "--json")[1])
    toxicity = found["attributes"]["TOXICITY"]
    low, high = toxicity["intervals"]["roc_auc"]
    lines = [line.split() for line in table.splitlines()]

    assert code == 0
    assert table.startswith(f"{found['model']}. ")
    assert ["TOXICITY", str(toxicity["positives"])] in [line[:2] for line in lines]
    assert f"{toxicity['roc_auc']:.3f} ({low:.3f}-{high:.3f})" in table
    assert [line.split()[0] for line in table.splitlines() if line.startswith("  ")] == [
        "ATTRIBUTE", *found["attributes"],
    ]  # fmt: skip
    assert f"Behaviour: {found['behaviour']['passed']} of {found['behaviour']['cases']} cases" in table


def test_an_evaluation_says_how_far_it_is_beside_its_result_and_may_be_short(parley, small_model):
    arguments = ("evaluate", str(small_model.parent / "dev.csv.gz"), "--model", str(small_model), "--json")
    _, _, told = parley(*arguments)
    code, out, short = parley(*arguments, "--short")

    assert all(line.startswith("parley: ") and line.endswith(" ...") for line in told.splitlines())
    assert "reading 33 comments in 'en'" in told
    assert "measuring behaviour" in told
    assert "measuring behaviour" not in short
    assert (code, {"behaviour", "fairness", "robustness"} & json.loads(out).keys()) == (0, set())
    assert "intervals" not in json.loads(out)["attributes"]["TOXICITY"]


def test_an_evaluation_is_a_page_too(parley, small_model, tmp_path):
    data, page = small_model.parent / "dev.csv.gz", tmp_path / "page.html"
    code, out, _ = parley("evaluate", str(data), "--model", str(small_model), "--json", "--html", str(page))

    assert code == 0
    assert f"Evaluation of {json.loads(out)['model']}" in page.read_text(encoding="utf-8")


def test_an_evaluation_that_cannot_be_made_is_one_sentence(parley, small_model, tmp_path):
    (tmp_path / "other.csv").write_text("text,lang\nhello,en\n", encoding="utf-8")
    data, model = str(small_model.parent / "dev.csv.gz"), ("--model", str(small_model))
    for arguments, words in (
        ((str(tmp_path / "none.csv.gz"),), "no such data file"),
        (("--data", str(tmp_path / "other.csv")), "lacks the columns"),
        ((data, "--data", data), "named twice"),
        ((data, "--html", str(tmp_path / "none" / "page.html")), "no place for a file"),
        ((data, "--html", str(tmp_path)), "no place for a file"),
    ):
        code, out, error = parley("evaluate", *arguments, *model)

        assert (code, out) == (2, ""), arguments
        assert error.startswith("parley: Cannot evaluate: ")
        assert words in error
        assert error.count("\n") == 1


def test_training_without_data_is_one_sentence(parley, tmp_path):
    code, _, error = parley(
        "train", str(tmp_path / "none.csv.gz"), "--out", str(tmp_path / "out"), "--careful", "none"
    )

    assert code == 2
    assert error.startswith("parley: Cannot train: ")


def test_the_model_in_use_is_shown(parley):
    assert json.loads(parley("model", "show")[1])["attributes"] == list(ATTRIBUTES)


def test_a_closed_pipe_is_no_error():
    ended = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m service doctor --only python | true"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip

    assert "Traceback" not in ended.stderr


def test_a_database_is_closed_after_a_command(parley, db: Database):
    for _ in range(3):
        assert parley("site", "list")[0] == 0
    assert db.engine.pool.checkedout() == 0
