"""The queue's pages and actions, without scripts, on both databases.

Proves `service/moderation/queue.py`, `service/review/guard.py` and `service/storage/queue.py` too.
"""

from __future__ import annotations

import re

from service.context import utcnow
from service.domain.access import OPERATOR
from service.moderation import deciding, queue
from service.review.guard import HEADERS
from service.sites import moderators, sites
from service.storage import comments as queries
from tests.conftest import NOW
from tests.fakes import MO, FakeScorer
from tests.service.review.conftest import post, token
from tests.service.web.test_fields import KEPT, REFUSED

XSS = "vile <script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\"'</textarea></article>"
SOME_ID = "019b76da-a800-7000-8000-000000000000"


def bodies(page) -> list[str]:
    """Return the bodies on a page, with marks shown as [ ]."""
    found = re.findall(r'<div class="body" dir="auto">(.*?)</div>', page.text, re.DOTALL)
    return [re.sub(r"</mark>", "]", re.sub(r"<mark[^>]*>", "[", body)) for body in found]


def state(db, comment_id: str):
    with db.read() as connection:
        return queries.find_comment(connection, comment_id)


def test_what_waits_is_shown_oldest_first_with_all_that_is_needed_to_decide(db, ben):
    fine = post(db, "A calm first word.", author_name="Rosa", author_token="r" * 24)
    post(db, "A vile answer.", author_name="Anna", author_token="a" * 24, parent_id=fine, title="The talks")
    post(db, "A second vile\nanswer.")
    page = ben.open()

    assert bodies(page) == ["A [vile] answer.", "A second [vile]\nanswer."]
    assert "Toxicity is 0.90; the limit is 0.28." in page.text
    assert re.search(
        r'<dt>Toxicity</dt>\s*<dd><svg.*?width="90.0".*?<span class="value">0.90</span>', page.text, re.S
    )
    assert '<bdi class="author">Anna</bdi> <span class="badge">first comment</span>' in page.text
    assert 'In reply to <bdi>Rosa</bdi>: <q dir="auto">A calm first word.</q>' in page.text
    assert re.search(r'href="https://demo.example/a" target="_blank" rel="noopener noreferrer"', page.text)
    assert "<code>fake-1</code>" in page.text
    assert "language: English" in page.text
    assert "The policy asked for a person" in page.text
    assert 'data-count="pending">2<' in page.text
    assert 'data-count="approved">1<' in page.text


def test_a_page_has_each_of_its_words_read_once(db, app, monkeypatch):
    for number in range(3):
        post(db, f"vile vile vile shill {number}")
    sites.set_policy(db, OPERATOR, "demo", {"suspect_words": ["vile"], "banned_words": ["shill"]}, NOW)
    scorer, read = FakeScorer(), []
    monkeypatch.setattr(scorer, "model_id", f"of this test alone, {db.engine.name}")  # so its lists are new
    monkeypatch.setattr(scorer, "normalise", lambda text: read.append(text) or text, raising=False)
    page = queue.pending_page(db, MO, scorer=lambda: scorer)

    assert [len(card.words) for card in page.cards] == [4, 4, 4]
    assert sorted(text for text in read if text in ("vile", "shill", "0", "1", "2")) == sorted(
        ["vile", "shill", "0", "1", "2", "vile", "shill"]  # the last two to build the lists
    )


def test_words_of_the_sites_lists_are_marked(db, app, ben):
    from dataclasses import replace

    from tests.fakes import FakeScorer

    app.extensions["parley"] = replace(app.extensions["parley"], scorer=FakeScorer)
    sites.set_policy(db, OPERATOR, "demo", {"suspect_words": ["shill"]}, NOW)
    post(db, "vile 😀 what a SHILL, ha")

    assert bodies(ben.open()) == ["[vile] 😀 what a [SHILL,] ha"]


def test_a_readers_text_is_text_in_every_place(db, ben):
    parent = post(db, XSS, author_name="<b>x</b>", title="<i>title</i>")
    ben.act(parent, "approve", note="<u>note</u>")
    post(db, XSS, author_name='"><script>', parent_id=parent, author_token="t" * 24)
    for path in (
        "/review/",
        "/review/?status=approved",
        f"/review/comments/{parent}",
        f"/review/?done={parent}",
    ):
        page = ben.open(path)

        assert page.status_code == 200
        for tag in ("<script>", "<img", "<b>", "<i>", "<u>", "</textarea>"):
            assert tag not in page.text
        assert "{{7*7}}" in page.text


def test_every_answer_of_the_door_is_guarded(db, ben, stranger):
    comment = post(db, "vile")
    answers = [
        stranger.open("/review/login"), stranger.open(), stranger.log_in("ben", "wrong password!"),
        ben.open(), ben.open(f"/review/comments/{comment}"), ben.open("/review/nothing"),
        ben.open("/review/?site=other"), ben.open("/review/news"), ben.open("/review/?cursor=x"),
        ben.act(comment, "approve"), ben.act(comment, "dance"),
    ]  # fmt: skip

    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    with ben.open("/review/static/queue/keys.js") as script:
        assert script.mimetype in ("text/javascript", "application/javascript")
        assert script.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_needs_no_inline_style_or_script(db, ben):
    post(db, "vile")
    page = ben.open().text

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


def test_a_decision_leads_back_to_the_list_and_can_be_undone(db, ben):
    comment = post(db, "A vile text.", author_name="Anna")
    answer = ben.act(comment, "approve", site="demo", status="pending")

    assert answer.status_code == 303
    assert answer.location == f"/review/?site=demo&status=pending&done={comment}"
    assert state(db, comment).status == "approved"

    page = ben.open(answer.location)

    assert "Approved: <bdi>Anna</bdi>" in page.text
    assert "<title>Approved – Pending – Review queue" in page.text
    assert 'value="undo"' in page.text
    assert "Nothing is waiting." in page.text

    undone = ben.act(comment, "undo")
    page = ben.open(undone.location)

    assert state(db, comment).status == "pending"
    assert "Back in the queue: <bdi>Anna</bdi>" in page.text
    assert bodies(page) == ["A [vile] text."]
    assert 'value="undo"' not in page.text
    assert 'value="undo"' not in ben.open(f"/review/comments/{comment}").text
    assert ben.act(comment, "undo").status_code == 409
    assert state(db, comment).status == "pending"


def test_an_undo_says_where_it_leads_and_only_to_whom_it_belongs(db, ben, cleo):
    held, passed = post(db, "A vile text."), post(db, "A fine text.")
    ben.act(held, "reject")
    ben.act(passed, "reject")
    shown = [ben.open(f"/review/comments/{one}").text for one in (held, passed)]

    assert [re.findall(r"Undo: back to \w+", text) for text in shown] == [
        ["Undo: back to pending"], ["Undo: back to approved"],
    ]  # fmt: skip
    assert "Undo" not in cleo.open(f"/review/comments/{held}").text
    assert "Undo: back to approved" in ben.open("/review/?status=rejected").text
    assert "Undo: back to" not in cleo.open("/review/?status=rejected").text


def test_after_a_reload_the_server_knows_what_may_be_taken_back(db, ben, cleo, olga):
    comment = post(db, "A vile text.", author_name="Anna")
    assert ben.open("/review/undo").json == {"undo": None}
    ben.act(comment, "reject")

    last = {"id": comment, "version": 3, "status": "rejected", "to": "pending", "author": "Anna"}
    assert ben.open("/review/undo").json == {"undo": last}
    assert cleo.open("/review/undo").json == olga.open("/review/undo").json == {"undo": None}


def test_a_rejected_comment_can_be_approved_or_put_back(db, ben):
    comment = post(db, "vile", author_name="Anna")
    ben.act(comment, "reject")
    listed = ben.open("/review/?status=rejected")

    assert 'data-count="rejected">1<' in listed.text
    assert "rejected by <bdi>ben</bdi>" in listed.text

    ben.act(comment, "reopen")

    assert state(db, comment).status == "pending"


def test_a_note_is_kept_in_the_history(db, ben):
    comment = post(db, "vile")
    ben.act(comment, "reject", note="  doxxing  ")

    assert '<q dir="auto">doxxing</q>' in ben.open(f"/review/comments/{comment}").text


def test_the_note_of_a_form_is_held_to_the_rule_of_the_api(db, ben):
    comment = post(db, "vile")
    for sent in REFUSED:
        assert (sent, ben.act(comment, "reject", note=sent).status_code) == (sent, 400)
    for number, (sent, kept) in enumerate(KEPT):
        ben.act(comment, "reopen" if number % 2 else "reject", note=sent)

        assert f'<q dir="auto">{kept}</q>' in ben.open(f"/review/comments/{comment}").text


def test_the_second_of_two_moderators_learns_who_was_faster_and_changes_nothing(db, ben, cleo):
    comment = post(db, "A vile text.")
    version = state(db, comment).version
    ben.act(comment, "reject")
    answer = cleo.act(comment, "approve", version=version)

    assert answer.status_code == 409
    assert "Somebody else was faster" in answer.text
    assert "it is rejected, by <bdi>ben</bdi>" in answer.text
    assert bodies(answer) == ["A [vile] text."]
    assert (state(db, comment).status, state(db, comment).version) == ("rejected", version + 1)


def test_nobody_undoes_what_another_decided(db, ben, cleo):
    comment = post(db, "vile")
    ben.act(comment, "approve")
    answer = cleo.act(comment, "undo")

    assert answer.status_code == 409
    assert "not made by you" in answer.text
    assert state(db, comment).status == "approved"


def test_another_sites_moderator_sees_and_changes_nothing(db, ben, olga):
    comment = post(db, "vile")
    own = post(db, "vile too", site="other")

    assert bodies(olga.open()) == ["[vile] too"]
    assert olga.open("/review/?site=demo").status_code == 404
    assert olga.open("/review/news?site=demo").status_code == 404
    assert olga.open(f"/review/comments/{comment}").status_code == 404
    refused = olga.act(own, "approve")
    assert refused.status_code == 303
    page = olga.open()
    form = {"csrf": token(page), "version": "2", "action": "approve"}
    assert olga.client.post(f"/review/comments/{comment}/actions", data=form).status_code == 404
    assert "vile" not in olga.open(f"/review/?done={comment}").text
    assert state(db, comment).status == "pending"


def test_an_action_without_the_sessions_token_is_refused(db, ben):
    comment = post(db, "vile")
    for csrf in ("", "0" * 64, "é"):
        assert ben.act(comment, "approve", csrf=csrf).status_code == 403

    assert state(db, comment).status == "pending"


def test_another_sessions_token_is_refused(db, ben, cleo):
    comment = post(db, "vile")

    assert ben.act(comment, "approve", csrf=token(cleo.open())).status_code == 403


def test_looking_changes_nothing(db, ben):
    comment = post(db, "vile")
    for path in (
        f"/review/comments/{comment}/actions?action=approve&version=2",
        f"/review/comments/{comment}/actions",
    ):
        assert ben.open(path).status_code == 404

    assert state(db, comment).status == "pending"


def test_a_damaged_form_is_answered_in_words(db, ben):
    comment = post(db, "vile")
    damages = [
        ({"action": "delete"}, 400), ({"action": ""}, 400), ({"version": "x"}, 400), ({"version": ""}, 400),
        ({"version": "99999999999"}, 400), ({"version": "٣"}, 400), ({"note": "x" * 1001}, 400),
        ({"note": "a\x00b"}, 400), ({"action": "reopen"}, 409), ({"version": "7"}, 409),
    ]  # fmt: skip
    for changes, status in damages:
        answer = ben.act(comment, **({"action": "approve"} | changes))

        assert (changes, answer.status_code, answer.mimetype) == (changes, status, "text/html")
    assert state(db, comment).status == "pending"


def test_an_odd_address_is_answered_in_words(ben):
    addresses = [
        ("?cursor=x", 400), ("?status=deleted", 404), ("?status=received", 404), ("?site=nowhere", 404),
        ("?site=%00", 404), (f"comments/{SOME_ID}", 404), ("comments/x", 404), ("news?after=x", 400),
        ("?done=x", 200), (f"?done={SOME_ID}", 200), (f"?cursor={SOME_ID}", 200), ("a/b/c", 404),
        ("static/../views.py", 404), ("static/%2e%2e/views.py", 404), ("static/none.js", 404),
    ]  # fmt: skip
    for path, status in addresses:
        answer = ben.open(f"/review/{path}")

        assert (path, answer.status_code, answer.mimetype) == (path, status, "text/html")


def test_without_a_login_pages_lead_there_and_actions_are_refused(db, stranger):
    comment = post(db, "vile")
    page = stranger.open(f"/review/comments/{comment}")
    answer = stranger.client.post(
        f"/review/comments/{comment}/actions", data={"action": "approve", "version": "2"}
    )

    assert (page.status_code, page.location.split("?")[0]) == (303, "/review/login")
    assert answer.status_code == 401
    assert stranger.open("/review/news").status_code == 401
    assert state(db, comment).status == "pending"


def test_pages_follow_each_other_across_sites_without_gap_or_repeat(db, app):
    from service.moderation import queue
    from service.sites import moderators

    ids = [post(db, f"vile {n}", site=("demo", "other")[n % 2], key=n) for n in range(7)]
    moderators.add_moderator(
        db, "dora", "correct horse battery", {"demo": "moderator", "other": "moderator"}, NOW
    )
    session = moderators.log_in(db, "dora", "correct horse battery", NOW)
    dora = moderators.who(db, session, NOW)
    seen, cursor = [], None
    while True:
        page = queue.pending_page(db, dora, cursor=cursor, limit=3)
        seen += [card.comment.id for card in page.cards]
        if (cursor := page.next_cursor) is None:
            break

    assert seen == ids
    assert page.counts == {"pending": 7, "approved": 0, "rejected": 0}

    only = queue.pending_page(db, dora, "other", limit=3)

    assert [card.comment.id for card in only.cards] == ids[1::2]


def test_decided_comments_are_listed_newest_first(db, ben):
    ids = [post(db, f"vile {n}") for n in range(3)]
    for comment in ids:
        ben.act(comment, "reject")
    page = ben.open("/review/?status=rejected")

    assert re.findall(r'id="c-([0-9a-f-]+)"', page.text) == ids[::-1]


def test_the_page_hears_of_new_comments(db, ben):
    first = post(db, "vile one")
    post(db, "vile two")
    found = ben.open(f"/review/news?after={first}").json

    assert found == {"new": 1, "counts": {"pending": "2", "approved": "0", "rejected": "0"}}


def test_a_flood_is_said_above_the_queue(ben, client, db):
    sites.set_policy(db, OPERATOR, "demo", {"thread_flood": 4}, NOW)
    thread = {"url": "https://demo.example/a", "title": "Bees <b>"}
    for _ in range(6):
        sent = {"site": "demo", "thread": thread, "body": "A fine remark."}
        assert client.post("/api/v1/comments", json=sent).status_code == 202
    while deciding.drain(db, scorer=FakeScorer(), clock=utcnow):
        pass

    assert "until it calms down: <bdi>Bees &lt;b&gt;</bdi>." in ben.open().text
    assert "calms down" not in ben.open("/review/?status=approved").text


def test_a_viewer_sees_a_comment_and_why_and_has_no_button(db, ben):
    moderators.grant(db, "ben", "demo", "viewer", NOW)
    comment = post(db, "You vile thing.")
    pages = [ben.open(), ben.open(f"/review/comments/{comment}")]

    for page in pages:
        assert comment in page.text
        assert "thing." in page.text
        assert 'name="action"' not in page.text
        assert "You may see this comment, but not decide it." in page.text
    form = {"csrf": token(pages[0]), "version": "2", "action": "approve"}
    answer = ben.client.post(f"/review/comments/{comment}/actions", data=form)
    assert answer.status_code == 403
    assert "decide nothing" in answer.text
