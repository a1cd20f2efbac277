"""Settings are read once, and a mistake is one clear sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from service.domain.errors import Misconfigured
from service.settings import ScoringSettings, database_server, model_store, read_settings, scoring_settings


def test_without_any_variable_parley_is_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = read_settings({})

    assert settings.embedded
    assert settings.database_url == f"sqlite:///{tmp_path}/data/parley.db"
    assert settings.port == 8080


def test_the_secret_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    environ = {"PARLEY_DATA_DIR": str(tmp_path)}

    first, second = read_settings(environ), read_settings(environ)

    assert first.secret_key == second.secret_key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert first.secret_key.decode() not in repr(first)


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_every_spelling_of_a_postgresql_address_is_understood(tmp_path: Path, url: str) -> None:
    settings = read_settings({"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_DATABASE_URL": url})

    assert settings.database_url == "postgresql+psycopg://u@h/d"
    assert not settings.embedded


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PARLEY_PORT", "ninety", "PARLEY_PORT: Not a valid integer."),
        ("PARLEY_PORT", "70000", "PARLEY_PORT: Must be greater"),
        ("PARLEY_DATABASE_URL", "mysql://x", "must start with postgresql://"),
        ("PARLEY_SECRET_KEY", "short", "at least 32 characters"),
        ("PARLEY_WEBHOOK_PRIVATE_NETWORKS", "10.0.0.1/8", "PARLEY_WEBHOOK_PRIVATE_NETWORKS"),
        ("PARLEY_LOG_LEVEL", "loud", "PARLEY_LOG_LEVEL: Must be one of"),
        ("PARLEY_CAREFUL_READER", "always", "PARLEY_CAREFUL_READER: Must be one of: auto, off"),
        ("PARLEY_TOXICITY_PRIOR", "0", "PARLEY_TOXICITY_PRIOR: Must be greater than 0"),
        ("PARLEY_TOXICITY_PRIOR", "1", "PARLEY_TOXICITY_PRIOR: .* less than 1"),
        ("PARLEY_TOXICITY_PRIOR", "nan", "PARLEY_TOXICITY_PRIOR: "),
        ("PARLEY_SCORING_THREADS", "0", "PARLEY_SCORING_THREADS: Must be greater"),
        ("PARLEY_REJECTED_DAYS", "0", "PARLEY_REJECTED_DAYS: Must be greater"),
        ("PARLEY_BACKLOG_SECONDS", "1", "PARLEY_BACKLOG_SECONDS: Must be greater"),
    ],
)
def test_a_mistake_is_named_with_its_variable(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        read_settings({"PARLEY_DATA_DIR": str(tmp_path), name: value})


def test_how_the_model_reads_can_be_chosen_and_asked_for_without_a_folder(tmp_path: Path) -> None:
    chosen = {
        "PARLEY_CAREFUL_READER": "off",
        "PARLEY_TOXICITY_PRIOR": "0.02",
        "PARLEY_SCORING_THREADS": "2",
    }
    wanted = ScoringSettings(careful="off", prior=0.02, threads=2)

    assert (
        scoring_settings({"PARLEY_DATA_DIR": str(tmp_path / "data"), "PARLEY_PORT": "x", **chosen}) == wanted
    )
    assert not (tmp_path / "data").exists()
    assert read_settings({"PARLEY_DATA_DIR": str(tmp_path), **chosen}).scoring == wanted
    assert scoring_settings({}) == ScoringSettings("auto", None, 1)
    with pytest.raises(Misconfigured, match="PARLEY_SCORING_THREADS: Not a valid integer"):
        scoring_settings({"PARLEY_SCORING_THREADS": "all"})


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Misconfigured, match=r"cannot be written to .* Choose another with PARLEY_DATA_DIR"):
        read_settings({"PARLEY_DATA_DIR": str(tmp_path / "file" / "data")})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a b/c@d\n")
    (tmp_path / "key").write_text("k" * 40)
    environ = {
        "PARLEY_DATA_DIR": str(tmp_path),
        "PARLEY_DATABASE_URL": "postgresql://ann@db/parley",
        "PARLEY_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "PARLEY_SECRET_KEY_FILE": str(tmp_path / "key"),
    }
    settings = read_settings(environ)

    assert settings.database_url == "postgresql+psycopg://ann:a%20b%2Fc%40d@db/parley"
    assert settings.secret_key == b"k" * 40
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"PARLEY_SECRET_KEY_FILE": "/nowhere"}, "cannot be read"),
        ({"PARLEY_SECRET_KEY_FILE": "/dev/null"}, "is empty"),
        ({"PARLEY_SECRET_KEY_FILE": "/dev/null", "PARLEY_SECRET_KEY": "k" * 32}, "not both"),
        ({"PARLEY_DATABASE_PASSWORD": "secret"}, "needs a PARLEY_DATABASE_URL with a user"),
    ],
)
def test_a_file_that_holds_no_secret_is_one_sentence(
    tmp_path: Path, given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        read_settings({"PARLEY_DATA_DIR": str(tmp_path), **given})


@pytest.mark.parametrize(("given", "days"), [({}, 365), ({"PARLEY_REJECTED_DAYS": "30"}, 30)])
def test_refused_texts_are_kept_for_a_year_or_as_long_as_is_said(
    tmp_path: Path, given: dict[str, str], days: int
) -> None:
    assert read_settings({"PARLEY_DATA_DIR": str(tmp_path), **given}).rejected_days == days


@pytest.mark.parametrize(("given", "seconds"), [({}, 60), ({"PARLEY_BACKLOG_SECONDS": "300"}, 300)])
def test_comments_are_late_after_a_minute_or_as_long_as_is_said(
    tmp_path: Path, given: dict[str, str], seconds: int
) -> None:
    assert read_settings({"PARLEY_DATA_DIR": str(tmp_path), **given}).backlog_seconds == seconds


def _public(folder: Path, address: str) -> tuple[str | None, str]:
    settings = read_settings({"PARLEY_DATA_DIR": str(folder), "PARLEY_PUBLIC_URL": address})
    return settings.public_url, settings.public_path


def test_the_public_address_may_have_a_path(tmp_path: Path) -> None:
    assert _public(tmp_path, "https://a.example") == ("https://a.example", "")
    assert _public(tmp_path, "https://a.example/") == ("https://a.example", "")
    assert _public(tmp_path, "https://a.example/talk/here/") == (
        "https://a.example/talk/here",
        "/talk/here",
    )


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("https://a.example/api", "pages of its own at /api; choose another path"),
        ("https://a.example/review/x", "pages of its own at /review"),
        ("https://a.example/talk?a=b", "must be like"),
        ("https://a.example/talk#b", "must be like"),
        ("https://u:p@a.example", "must be like"),
        ("https://a.example/a/../b", "must be like"),
        ("https://a.example//talk", "must be like"),
        ("https://a.example/t%20k", "must be like"),
        ("ftp://a.example/", "Not a valid URL"),
    ],
)
def test_a_public_address_that_cannot_work_is_one_sentence(
    tmp_path: Path, address: str, sentence: str
) -> None:
    with pytest.raises(Misconfigured, match=f"PARLEY_PUBLIC_URL: .*{sentence}"):
        _public(tmp_path, address)


def test_where_models_lie_and_which_server_says_what_is_in_use_can_be_asked_without_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text("p/w")
    server = {
        "PARLEY_DATABASE_URL": "postgresql://u@h/d",
        "PARLEY_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
    }

    assert (model_store({}), database_server({})) == (None, None)
    assert database_server({"PARLEY_DATABASE_URL": "sqlite:///here.db"}) is None
    assert database_server(server) == "postgresql+psycopg://u:p%2Fw@h/d"
    assert model_store({"PARLEY_MODEL_STORE": "/models"}) == Path("/models")
    assert [path.name for path in tmp_path.iterdir()] == ["password"]
    assert read_settings(server | {"PARLEY_MODEL_STORE": "/models"}).model_store == Path("/models")
    assert read_settings({}).model_store is None
