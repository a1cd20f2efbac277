"""The image and the compose file, read and held against the code; building them needs a network."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.commands.main import build_parser
from service.settings import VARIABLES
from tests.running import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "scheduler")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# As in the container: root that may not write to what is not writable. Others have no such right anyway.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_all_parts_are_there():
    assert set(SERVICES) == {"secrets", "postgres", "redis", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_of_the_programs(name):
    assert build_parser().parse_args(SERVICES[name]["command"]).run


def test_every_health_check_of_ours_is_a_command_that_exists():
    for name in ("worker", "scheduler"):
        kind, program, *arguments = SERVICES[name]["healthcheck"]["test"]

        assert (kind, program) == ("CMD", "parley")
        assert build_parser().parse_args(arguments).run


def test_the_scheduler_is_asked_for_itself():
    assert SERVICES["scheduler"]["healthcheck"]["test"][-1] == "scheduler"
    assert SERVICES["worker"]["healthcheck"]["test"][-1] == "worker"


def test_what_an_operator_can_choose_is_passed_on():
    chosen = ("WEB_PROCESSES", "WEB_THREADS", "SCORING_PROCESSES", "SECURE_COOKIES", "LOG_LEVEL",
              "PUBLIC_URL", "TRUSTED_PROXIES", "FORWARDED_HOST", "WEBHOOK_PRIVATE_NETWORKS", "CAREFUL_READER",
              "TOXICITY_PRIOR", "SCORING_THREADS", "SESSION_IDLE_MINUTES")  # fmt: skip
    for variable in (f"PARLEY_{name}" for name in chosen):
        for name in OURS:
            assert SERVICES[name]["environment"][variable] == f"${{{variable}:-}}", (name, variable)


def test_no_container_of_ours_phones_home():
    assert re.search(r"^(ENV|   ) .*\bORT_DISABLE_TELEMETRY=1\b", FINAL_STAGE, re.MULTILINE)
    for name in OURS:
        assert SERVICES[name]["environment"]["ORT_DISABLE_TELEMETRY"] == "1", name


def test_the_image_declares_no_volume_and_whoever_writes_to_data_mounts_one():
    assert not re.search(r"^VOLUME\b", DOCKERFILE, re.MULTILINE)
    for name in OURS:
        places = [volume.split(":")[1] for volume in SERVICES[name]["volumes"]]
        folder = SERVICES[name]["environment"]["PARLEY_DATA_DIR"]
        assert folder.startswith("/tmp/") or folder in places


def test_every_lasting_service_has_a_health_check():
    assert "HEALTHCHECK" in FINAL_STAGE  # the web service has the image's
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "redis", "worker", "scheduler"))


def test_every_variable_is_one_that_is_read():
    named = set(re.findall(r"\bPARLEY_[A-Z_]+\b", (ROOT / "docker-compose.yml").read_text() + DOCKERFILE))

    assert named <= set(VARIABLES), named - set(VARIABLES)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_can_gain_rights_or_write_to_its_root(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]
    assert "privileged" not in service


def test_nothing_but_making_secrets_runs_as_root():
    assert SERVICES["secrets"]["network_mode"] == "none"
    assert "USER 10001:10001" in FINAL_STAGE
    for name in ("postgres", "redis"):
        assert SERVICES[name]["user"] in ("postgres", "valkey")
    for name in OURS:
        assert "user" not in SERVICES[name]


def test_no_secret_has_a_default():
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"(PASSWORD|SECRET|KEY)$", variable):
                assert value == f"${{{variable}:-}}", (name, variable)
    assert not re.search(r"://[^/\s:@]+:[^/\s@]+@", str(COMPOSE))


def script(folder: Path) -> str:
    """What makes the secrets, for another folder than the containers'."""
    text: str = SERVICES["secrets"]["command"][0]
    return text.replace("$$", "$").replace("/run/parley", str(folder))


def test_secrets_are_made_once_kept_and_taken_from_the_environment_if_given(tmp_path):
    for folder in ("database", "key"):
        (tmp_path / folder).mkdir()
    password, key = tmp_path / "database" / "password", tmp_path / "key" / "secret"

    def run(**given: str) -> None:
        environment = {"PATH": "/usr/bin:/bin", "POSTGRES_PASSWORD": "", "PARLEY_SECRET_KEY": "", **given}
        subprocess.run(["sh", "-euc", script(tmp_path)], env=environment, check=True)

    run()
    made = password.read_text(), key.read_text()
    run()
    kept = password.read_text(), key.read_text()
    for _ in range(2):
        run(PARLEY_SECRET_KEY="a key of the operator's own choosing", POSTGRES_PASSWORD="too late")

    assert made == kept
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in made)
    assert made[0] != made[1]
    assert key.read_text() == "a key of the operator's own choosing"
    assert password.read_text() == made[0]  # the database knows no other
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["password", "secret"]


def test_secrets_from_the_environment_survive_a_second_start_without_any_capability(tmp_path):
    for folder in ("database", "key"):
        (tmp_path / folder).mkdir()
    given = {"POSTGRES_PASSWORD": "first", "PARLEY_SECRET_KEY": "k" * 32}
    environment = {"PATH": "/usr/bin:/bin", **given}
    for _ in range(2):
        subprocess.run([*WITHOUT_RIGHTS, "sh", "-euc", script(tmp_path)], env=environment, check=True)

    assert (tmp_path / "database" / "password").read_text() == "first"
    assert (tmp_path / "key" / "secret").read_text() == "k" * 32
    assert (tmp_path / "key" / "secret").stat().st_mode & 0o777 == 0o444


def test_what_must_last_is_in_volumes_that_are_declared():
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}

    assert mounted == set(COMPOSE["volumes"])
    assert "database:/var/lib/postgresql/data" in SERVICES["postgres"]["volumes"]
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_each_waits_for_what_it_needs():
    assert SERVICES["postgres"]["depends_on"] == {"secrets": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "worker", "scheduler"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_only_the_web_service_is_published_and_on_this_machine_alone():
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["web"]
    assert SERVICES["web"]["ports"][0].startswith("${PARLEY_HOST:-127.0.0.1}:")


def test_every_image_is_pinned_to_a_full_version():
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"ARG BASE=(\S+)\n", DOCKERFILE)

    assert all(re.search(r":\d+\.\d+", image) for image in images), images


def test_the_image_holds_no_test_tools_and_checks_every_hash():
    assert "--require-hashes" in DOCKERFILE
    assert "tests" not in DOCKERFILE
    assert DOCKERFILE.count("\nFROM ") == 2
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
