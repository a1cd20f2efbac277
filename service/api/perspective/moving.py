"""The page on moving from the Perspective API: one address a client, and old thresholds in ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response, render_template

from service.api.openapi import READ_ONLY
from service.context import context
from service.web.public_address import root_url

bp = Blueprint("moving", __name__, template_folder="templates")
TABLE = Path(__file__).with_name("thresholds.json")


@bp.get("/api/docs/perspective")
def page() -> Response:
    """Return the page, with this installation's address, keys and model in it."""
    here, table = context(), thresholds()
    scorer = here.scorer()
    text = render_template(
        "api/perspective.html",
        root=root_url(),
        keys=here.settings.perspective_keys,
        days=here.settings.suggestion_days,
        prior=here.settings.scoring.prior,
        table=table,
        olds=list(next(iter(table["convertible"].values()))["by_old"]),
        model=scorer and scorer.model_id,
        attributes=scorer.attributes if scorer else (),
        languages=sorted(scorer.languages) if scorer else (),
        beta=sorted(scorer.beta_languages) if scorer else (),
    )
    return Response(text, content_type="text/html", headers=READ_ONLY)


@cache
def thresholds() -> dict[str, Any]:
    """Return the table that `parley perspective compare` made, told apart by what can be converted at all.

    ``convertible`` has attributes with rows ``by_old`` threshold; ``hopeless`` the names of the others.
    """
    table: dict[str, Any] = orjson.loads(TABLE.read_bytes())
    attributes = table["attributes"]
    hopeless = [name for name, one in attributes.items() if all(row["problem"] for row in one["thresholds"])]
    convertible = {
        name: one | {"by_old": {row["old"]: row for row in one["thresholds"]}}
        for name, one in attributes.items()
        if name not in hopeless
    }
    return table | {"convertible": convertible, "hopeless": hopeless}
