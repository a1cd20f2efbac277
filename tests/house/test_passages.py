"""What passes between layers has a type: no bare `dict[str, Any]`, few look-ups by a literal key."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.house.tree import ROOT, name_of, nodes, sources

KEYS_PER_1000 = 15
MAPPINGS = {"dict", "Mapping", "MutableMapping"}

# JSON and the like: what these modules read or write is a document of others, or for others. Folders end
# in "/". A `Record` may pass in none of them.
DOCUMENTS: Mapping[str, str] = {
    "service/api/": "bodies and queries as their schemas give them, answers as they are sent",
    "service/web/": "the same, for all doors: reading, checking, turning into Python",
    "service/domain/policy_document.py": "a site's policy as JSON: checked, completed, read",
    "service/domain/events.py": "the JSON of an event, to be sent without its text",
    "service/domain/evidence.py": "evidence as JSON and back",
    "service/sites/sites.py": "a site's policy as JSON, on its way to the rules and back",
    "service/comments/reading.py": "a page of a thread as the JSON that is cached and sent",
    "service/review/cards.py": "reasons as they were kept with a decision, in JSON",
    "service/scoring/comparing.py": "lines of scored comments, as JSON",
    "service/scoring/suggestions.py": "suggested scores as they are kept, in JSON",
    "service/settings.py": "the environment, before it is `Settings`",
    "service/observability.py": "a line of the log, as structlog hands it on",
    "service/running/connections.py": "the environment of a WSGI application",
    "service/review/views.py": "what templates and query strings take",
    "service/tasks.py": "options of a Celery message",
    "service/commands/sites.py": "a policy's document, from a file",
    "service/commands/perspective.py": "lines of scored comments in, figures as JSON out",
    "service/commands/lines.py": "JSON lines from a file or from standard input",
    "service/commands/perspective_table.py": "the shipped table of thresholds, as JSON",
    "service/commands/scoring.py": "JSON lines in and out",
    "service/commands/models.py": "cards and figures of models, as JSON",
    "service/commands/doctor.py": "what a server says of itself",
}

PASSAGES = [path for path in sources("service") if "storage" not in path.parts]


def annotations(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """What a module's functions take and give and its classes hold, each with a name to say."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            taken = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            for annotation in (*(one.annotation for one in taken if one), node.returns):
                if annotation is not None:
                    yield node.name, annotation
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign):
                    yield node.name, field.annotation


def bare(annotation: ast.expr) -> str | None:
    """Return the part of an annotation that says nothing of what is inside, or None."""
    for part in ast.walk(annotation):
        if isinstance(part, ast.Name) and part.id == "Record":
            return "Record"
        if isinstance(part, ast.Subscript) and ast.unparse(part.value) in MAPPINGS:
            kind = ast.unparse(part)
            if kind.endswith("[str, Any]"):
                return kind
    return None


def untyped(path: Path) -> list[tuple[str, str]]:
    """Return the passages of a module that have no type."""
    is_document = any(name_of(path).startswith(one) for one in DOCUMENTS)
    found = [(name, bare(annotation)) for name, annotation in annotations(path)]
    return [(name, kind) for name, kind in found if kind and not (is_document and kind != "Record")]


@pytest.mark.parametrize("path", PASSAGES, ids=name_of)
def test_what_passes_between_layers_has_a_type(path: Path) -> None:
    assert not untyped(path)


def test_what_is_no_longer_there_is_no_longer_excused() -> None:
    assert {name for name in DOCUMENTS if not (ROOT / name).exists()} == set()


def test_rows_are_read_by_names_that_the_type_checker_knows() -> None:
    """Counted are look-ups such as ``row["body"]``, of rows and of JSON alike."""
    paths = [path for path in sources("service") if "migrations" not in path.parts]
    lines = sum(bool(line.strip()) for path in paths for line in path.read_text().splitlines())
    keys = {name_of(path): sum(map(is_literal_key, nodes(path))) for path in paths}
    most = sorted(keys.items(), key=lambda one: -one[1])[:10]

    assert 1000 * sum(keys.values()) / lines <= KEYS_PER_1000, (
        f"{sum(keys.values())} in {lines} lines; {most}"
    )


def is_literal_key(node: ast.AST) -> bool:
    """Whether this is a look-up by a key that is written there; ``Literal["a"]`` is a type."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and ast.unparse(node.value) != "Literal"
    )
