"""The image and the compose file, read and held against the code; building them needs a network."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.commands.main import build_parser
from service.settings import VARIABLES
from tests.needs import BUILDER
from tests.running import ROOT
from workers import alive

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "scheduler")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# As in the container: root that may not write to what is not writable. Others have no such right anyway.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
UNITS = sorted((ROOT / ".deploy" / "systemd").glob("*.service"))


def test_all_parts_are_there():
    assert set(SERVICES) == {"secrets", "postgres", "redis", "proxy", *OURS}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["proxy"]


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_of_the_programs(name):
    assert build_parser().parse_args(SERVICES[name]["command"]).run


@pytest.mark.parametrize(
    ("name", "signs"), [("worker", ["scoring", "webhooks"]), ("scheduler", ["scheduler"])]
)
def test_a_health_check_starts_no_python_and_looks_at_the_signs_of_this_very_container(
    name: str, signs: list[str], tmp_path: Path
) -> None:
    kind, line = SERVICES[name]["healthcheck"]["test"]
    environment = {"PATH": os.environ["PATH"], "PARLEY_DATA_DIR": str(tmp_path)}

    def is_healthy() -> bool:
        script = line.replace("$$", "$")
        return subprocess.run(["sh", "-c", script], env=environment, capture_output=True).returncode == 0

    assert kind == "CMD-SHELL"
    assert "python" not in line
    assert "parley" not in line
    assert not is_healthy()
    for number, sign in enumerate(signs):
        assert not is_healthy(), f"{number} of {len(signs)} are enough"
        alive.touch(tmp_path, sign)
    assert is_healthy()
    for sign in signs:
        before = time.time() - 70
        os.utime(tmp_path / "alive" / sign, (before, before))
        assert not is_healthy()
        alive.touch(tmp_path, sign)
    assert is_healthy()


@pytest.mark.parametrize(("answer", "healthy"), [(b'{"status":"alive"}', True), (b"Sorry", False)])
def test_the_image_s_health_check_asks_the_port_by_itself(answer: bytes, healthy: bool) -> None:
    found = re.search(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", FINAL_STAGE, re.MULTILINE)
    assert found
    command = json.loads(found[1])
    heard: list[bytes] = []

    class Web(socketserver.StreamRequestHandler):
        """Answers one request as a web server does."""

        def handle(self) -> None:
            heard.extend(iter(lambda: self.rfile.readline().strip(), b""))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer)

    assert command[0] == "bash"
    with socketserver.TCPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        environment = {"PATH": os.environ["PATH"], "PARLEY_PORT": str(server.server_address[1])}
        done = subprocess.run(command, env=environment, timeout=20)
        server.shutdown()
        thread.join()
    closed = subprocess.run(command, env=environment, capture_output=True, timeout=20)

    assert (done.returncode == 0) is healthy
    assert closed.returncode != 0
    assert heard == [b"GET /healthz HTTP/1.1", b"Host: localhost", b"Connection: close"]


def test_no_log_and_no_memory_grows_for_ever():
    for name, service in SERVICES.items():
        assert service["logging"]["driver"] == "json-file", name
        assert re.fullmatch(r"\d+m", service["logging"]["options"]["max-size"]), name
        assert int(service["logging"]["options"]["max-file"]) > 1, name
        assert re.fullmatch(r"(\$\{[A-Z]+_MEMORY:-)?\d+[mg]\}?", service["mem_limit"]), name
    assert SERVICES["postgres"]["shm_size"] == "256m"
    assert "--maxmemory" in SERVICES["redis"]["command"]


def test_a_model_of_one_s_own_outlives_its_container_and_is_seen_by_all():
    for name in ("web", "worker", "scheduler"):
        store = SERVICES[name]["environment"]["PARLEY_MODEL_STORE"]
        assert f"models:{store}" in SERVICES[name]["volumes"], name
        assert SERVICES[name]["environment"]["PARLEY_MODEL_DIR"] == "${PARLEY_MODEL_DIR:-}", name
    # A new volume is owned as the folder of the image is.
    assert re.search(r"install --directory --owner 10001 .* /data /models$", FINAL_STAGE, re.MULTILINE)


def test_docker_logs_shows_what_up_does():
    command = json.loads(re.findall(r"^CMD (\[.*\])$", FINAL_STAGE, re.MULTILINE)[-1])

    assert build_parser().parse_args(command).verbose


def test_the_proxy_speaks_tls_takes_both_ways_whole_and_shows_no_metrics():
    config = (ROOT / COMPOSE["configs"]["caddyfile"]["file"]).read_text()

    assert SERVICES["proxy"]["configs"] == [{"source": "caddyfile", "target": "/etc/caddy/Caddyfile"}]
    assert "reverse_proxy web:8080 {" in config
    for word in ("request_buffers", "response_buffers"):
        assert re.search(rf"^\t+{word} \d+[KM]iB$", config, re.MULTILINE)
    assert set(re.findall(r"\{\$(\w+)\}", config)) <= set(SERVICES["proxy"]["environment"])
    assert SERVICES["proxy"]["environment"]["PARLEY_PUBLIC_URL"].endswith(":-https://localhost}")
    assert re.search(r"@inside path /metrics /readyz\n\s+respond @inside 404", config)
    assert config.count("{") == config.count("}")


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
    lasting = ("postgres", "redis", "worker", "scheduler", "proxy")
    assert all("healthcheck" in SERVICES[name] for name in lasting)


def test_every_variable_is_one_that_is_read():
    named = set(re.findall(r"\bPARLEY_[A-Z_]+\b", (ROOT / "docker-compose.yml").read_text() + DOCKERFILE))

    assert named <= set(VARIABLES), named - set(VARIABLES)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_can_gain_rights_or_write_to_its_root(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
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
    published = [name for name, service in SERVICES.items() if "ports" in service]
    assert published == ["web", "proxy"]  # which nobody starts without asking for it
    assert SERVICES["web"]["ports"][0].startswith("${PARLEY_HOST:-127.0.0.1}:")


def test_every_image_is_pinned_to_a_full_version():
    assert "python:3.12.12-" not in DOCKERFILE
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"ARG BASE=(\S+)\n", DOCKERFILE)

    assert all(re.search(r":\d+\.\d+", image) for image in images), images


def test_the_image_holds_no_test_tools_and_checks_every_hash():
    assert "--require-hashes --no-deps" in DOCKERFILE
    assert "tests" not in DOCKERFILE
    assert DOCKERFILE.count("\nFROM ") == 2
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


# What tokenizers names and nothing of ours needs: a client that fetches files from a hub, and what it brings.
HUB = ("huggingface-hub", "hf-xet", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio", "requests",
       "aiohttp", "fsspec", "filelock", "tqdm", "truststore", "pyyaml")  # fmt: skip
READ_WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import models, service.app, workers.app
scorer = models.load_scorer()
print(scorer.read(["They should all be sent back where they came from, every last one of them."])[0].reader)
"""


def test_no_client_of_a_hub_is_installed_and_a_comment_is_read_carefully_without_one(tmp_path: Path) -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    names = {"huggingface-hub": "huggingface_hub", "hf-xet": "hf_xet", "pyyaml": "yaml"}
    absent = [names.get(name, name) for name in HUB]
    done = subprocess.run(
        [sys.executable, "-c", READ_WITHOUT, *absent], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PARLEY_DATA_DIR": str(tmp_path)},
    )  # fmt: skip

    assert locked & set(HUB) == set()
    assert "tokenizers" in locked
    assert done.stdout.strip() == "careful", done.stderr


def test_what_is_locked_is_installed_as_it_stands_everywhere():
    """Else pip would ask for what the lock leaves out, and stop for want of its hash."""
    for name in ("Makefile", "Dockerfile", ".deploy/systemd/parley.target"):
        calls = [line for line in (ROOT / name).read_text().splitlines() if "--require-hashes" in line]
        assert calls, name
        assert all("--no-deps" in line for line in calls), name


def sections_of(unit: Path) -> configparser.ConfigParser:
    """A unit, as systemd reads it but for names that may come twice."""
    read = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#", ";"))
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(unit.read_text())
    return read


def test_a_unit_is_there_for_each_service_of_ours():
    assert {unit.stem.removeprefix("parley-") for unit in UNITS} == set(OURS)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_a_command_of_ours_as_nobody_who_could_do_harm(unit: Path) -> None:
    service = sections_of(unit)["Service"]
    program, *arguments = service["ExecStart"].split()
    given = dict(pair.split("=", 1) for pair in service["Environment"].split())

    assert program == "/opt/parley/bin/parley"
    assert build_parser().parse_args(arguments).run
    assert {name for name in given if name.startswith("PARLEY_")} <= set(VARIABLES)
    assert given["ORT_DISABLE_TELEMETRY"] == "1"
    assert given["PARLEY_DATA_DIR"] == f"/var/lib/{service['StateDirectory']}"
    assert (service["User"], service["UMask"]) == ("parley", "0077")
    assert {service[name] for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp")} == {"yes"}
    assert (service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("strict", "")
    if service["Type"] != "oneshot":
        assert (service["Restart"], service["KillMode"]) == ("always", "mixed")
        assert "MemoryMax" in service
        assert sections_of(unit)["Unit"]["Requires"] == "parley-migrate.service"


def test_the_units_are_what_systemd_understands():
    if not (verify := shutil.which("systemd-analyze")):
        pytest.skip("no systemd on this machine to read its units")
    done = subprocess.run(
        [verify, "verify", "--man=no", *UNITS, UNITS[0].with_name("parley.target")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "parley" in line]

    assert all("/opt/parley/bin/parley is not executable" in line for line in said), said


def test_the_variables_that_the_target_tells_of_are_read():
    named = re.findall(r"\b(PARLEY_[A-Z_]+)=", UNITS[0].with_name("parley.target").read_text())

    assert {"PARLEY_DATABASE_URL", "PARLEY_REDIS_URL", "PARLEY_SECRET_KEY"} <= set(named) <= set(VARIABLES)


def builder() -> list[str] | None:
    """The command that builds an image here, if one works and has the base at hand, or may fetch it.

    A test that nobody asked for fetches nothing of that size.
    """
    may_fetch = any(os.environ.get(name) == "1" for name in BUILDER.required_by)
    base = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE, re.MULTILINE)[0]
    for name, build in (("buildah", "bud"), ("podman", "build"), ("docker", "build")):
        asked = [name, "image", "inspect", base] if name != "buildah" else [name, "inspect", base]
        if not shutil.which(name):
            continue
        if may_fetch or subprocess.run(asked, capture_output=True, timeout=30).returncode == 0:
            return [name, build]
    return None


def test_the_image_is_built_and_says_its_version(tmp_path: Path) -> None:
    if (build := builder()) is None:
        BUILDER.missing()
    subprocess.run([*build, "--tag", "parley:test", str(ROOT)], check=True, timeout=280)
    program = build[0] if build[0] != "buildah" else "podman"
    if shutil.which(program):
        run = [program, "run", "--rm", "--read-only", "--network", "none", "parley:test", "--version"]
        assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.startswith("parley ")


def test_the_workflow_builds_the_image_and_reads_the_compose_file() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    steps = " ".join(step.get("run", "") for step in jobs["image"]["steps"])

    assert "docker build --tag parley:ci ." in steps
    assert "docker compose --profile proxy config" in steps
