"""`parley perspective`: scoring for outside callers."""

from __future__ import annotations

from service.commands.grammar import NOTHING, Commands
from service.commands.grammar.arguments import at_least_one


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    group = commands.group("perspective", "Look after scoring in place of the Perspective API.")
    compare = group.add(
        "compare", "perspective:compare", "Compare the model with Perspective's scores of the same texts:"
        ' rank correlation, calibration, thresholds. Reads JSON lines {"text", "scores": {ATTRIBUTE:'
        " number}}, or with the API's own attributeScores in place of scores.", needs=NOTHING,
    )  # fmt: skip
    compare.add_argument("file", metavar="FILE", nargs="?", help="the lines; standard input if not given")
    compare.add_argument("--model", metavar="ID|FOLDER", help="another than the one in use")
    compare.add_argument("--json", action="store_true", help="as JSON")
    compare.add_argument(
        "--differing", metavar="N", type=at_least_one, help="also name the N lines that differ most"
    )
    _keys(group.group("key", "Look after the keys that callers need where PARLEY_PERSPECTIVE_KEYS=required."))
    _suggestions(group.group("suggestion", "Look after the scores that callers suggested."))


def _keys(group: Commands) -> None:
    add = group.add("add", "keys:add", "Make a key and print it; it is not shown again.")
    add.add_argument("name", help="who it is for")
    add.add_argument(
        "--per-minute", metavar="N", type=at_least_one, default=600, help="its quota of requests; 600"
    )
    group.add("list", "keys:list_keys", "List the keys.")
    group.add("drop", "keys:drop", "Refuse a key from now on.").add_argument("name")


def _suggestions(group: Commands) -> None:
    group.add("list", "suggestions:list_communities", "List the communities, and how much each suggested.")
    export = group.add(
        "export", "suggestions:export", "Print them as labelled comments in CSV, as `parley train --add`"
        " takes them: of each text of a community what was suggested last.",
    )  # fmt: skip
    export.add_argument("--json", action="store_true", help="all of them as JSON lines, with spans")
    delete = group.add("delete", "suggestions:delete", "Delete those that all of the options hold for.")
    delete.add_argument("--older-than", metavar="DAYS", type=at_least_one, help="those that are older")
    delete.add_argument("--token", help="those with this clientToken")
    delete.add_argument("--all", action="store_true", help="all of them; needs to be said")
    for parser in (export, delete):
        parser.add_argument("--community", metavar="ID", help="those with this communityId; '' for none")
