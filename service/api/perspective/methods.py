"""The methods of the Perspective API: from the bytes of a request to what is to be answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.api.perspective import errors
from service.api.perspective import messages as schemas
from service.context import context
from service.domain.errors import Unavailable
from service.domain.scores import Scorer
from service.scoring import perspective, suggestions
from service.scoring.keys import Caller
from service.scoring.perspective import PROBABILITY, Passage, Question, Refused, Wanted
from service.scoring.suggestions import Label, SuggestedSpan, Suggestion
from service.web import strict_json
from service.web.context import web_context
from service.web.public_address import root_url
from service.web.scoring_access import BadKey, NoKey, OverQuota

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be answered to one request, alone or in a batch."""

    status: int
    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls a method, None where anybody may; after ``within`` seconds no careful reading is begun."""

    caller: Caller | None
    within: float


def perform(method: str, raw: bytes, key: str, within: float) -> Answer:
    """Return a method's answer to a raw request; ``within`` as in `Call`."""
    try:
        access = web_context().scoring_access
        caller = access.identify(key)
        access.charge(caller)
        return _perform(method, raw, Call(caller, within))
    except NoKey:
        return Answer(403, errors.no_key())
    except BadKey:
        return Answer(400, errors.bad_key())
    except OverQuota as error:
        told = errors.over_quota(error.caller, f"{root_url()}api/docs/perspective")
        return Answer(429, told, {"Retry-After": str(error.retry_after)})


def _perform(method: str, raw: bytes, call: Call) -> Answer:
    wanted, act = METHODS[method]
    try:
        return act(
            schemas.read(wanted, strict_json.parse(raw, mends_texts=True) if raw.strip() else {}), call
        )
    except strict_json.NotJson as error:
        return Answer(400, errors.error_body(400, f"Invalid JSON payload received. {error}."))
    except schemas.BadPayload as error:
        return Answer(400, errors.bad_payload(error))
    except Refused as error:
        return Answer(400, errors.refused(error))


def _analyze(body: Body, call: Call) -> Answer:
    wanted = {
        name: Wanted(how.get("scoreType", "PROBABILITY"), how.get("scoreThreshold"))
        for name, how in body.get("requestedAttributes", {}).items()
    }
    question = Question(
        _passage(body),
        wanted,
        body.get("spanAnnotations", False),
        body.get("dropUnsupportedAttributes", False),
    )
    found = perspective.analyze(question, _scorer(), within=call.within)
    scores = {name: _scored(one) for name, one in found.scores.items()}
    told = {
        **({"attributeScores": scores} if scores else {}),
        "languages": list(found.languages),
        **_token(body),
        "detectedLanguages": list(found.detected),
    }
    unsure = {"Parley-Unsure": "true"} if found.is_unsure else {}
    return Answer(200, told, {"Parley-Model": found.model_id, **unsure})


def _suggest_score(body: Body, call: Call) -> Answer:
    here = context()
    labels = {name: _label(scores) for name, scores in body.get("attributeScores", {}).items()}
    passage = _passage(body)
    community, token = body.get("communityId", ""), body.get("clientToken")
    suggestions.check(passage, labels, community=community, token=token)
    detected = list(_scorer().languages_of(passage.text)[0])
    if here.settings.suggestion_days:
        sender, language = call.caller.name if call.caller else None, (*passage.languages, *detected)[0]
        made = Suggestion(community, token, sender, passage.text, language, labels)
        suggestions.keep(here.db, made, here.clock())
    languages = {"requestedLanguages": list(passage.languages)} if passage.languages else {}
    return Answer(200, {**_token(body), "detectedLanguages": detected, **languages})


def _label(scores: Body) -> Label:
    summary, parts = scores.get("summaryScore"), scores.get("spanScores", [])
    spans = [
        SuggestedSpan(part.get("begin"), part.get("end"), part.get("score", {}).get("value", 0.0))
        for part in parts
    ]
    given = [summary or {}, *(part.get("score", {}) for part in parts)]
    types = frozenset(score.get("type", PROBABILITY[1]) for score in given)
    return Label(None if summary is None else summary.get("value", 0.0), spans, types)


METHODS: dict[str, tuple[schemas.Message, Callable[[Body, Call], Answer]]] = {
    "analyze": (schemas.ANALYZE_REQUEST, _analyze),
    "suggestscore": (schemas.SUGGEST_REQUEST, _suggest_score),
}


def _passage(body: Body) -> Passage:
    comment, around = body.get("comment", {}), body.get("context", {})
    return Passage(
        comment.get("text", ""),
        comment.get("type", "PLAIN_TEXT"),
        has_entries=bool(around.get("entries")),
        has_article="articleAndParentComment" in around,
        languages=tuple(body.get("languages", ())),
    )


def _scorer() -> Scorer:
    scorer = context().scorer()
    if scorer is None:
        raise Unavailable("There is no model.")
    return scorer


def _scored(one: perspective.Scored) -> Body:
    spans = [
        {"begin": span.begin, "end": span.end, "score": {"value": span.score, "type": "PROBABILITY"}}
        for span in one.spans
    ]
    summary = (
        {"summaryScore": {"value": one.summary, "type": "PROBABILITY"}} if one.summary is not None else {}
    )
    return {**({"spanScores": spans} if spans else {}), **summary}


def _token(body: Body) -> Body:
    return {"clientToken": body["clientToken"]} if "clientToken" in body else {}
