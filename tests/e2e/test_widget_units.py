"""The widget's modules one by one, as they were written, in the browser that has to run them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from service.settings import Settings

pytest.importorskip("playwright.sync_api")

Run = Callable[..., Any]
HTML = '<!doctype html><html lang="en"><title>  A\n page </title><link rel="icon" href="data:,">'
COMMENT = """
const comment = (id, more = {}) => ({
  id, parent_id: null, author: { name: 'A' }, body: `body of ${id}`, status: 'approved', edited_at: null,
  created_at: `2026-11-14T00:00:${String(id).padStart(2, '0')}Z`, replies: [], next_replies: null, ...more
})
const page = (comments, next_cursor = null, count = comments.length) =>
  ({ thread: { count, closed: false }, comments, next_cursor })
const ids = (list) => list.map((one) => one.replies.length ? [one.id, ids(one.replies)] : one.id)
const nobody = () => false
"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The address of a web process. The widget's files need no database, so there is none."""
    from service.app import create_app

    nowhere = Path("nowhere")
    settings = Settings(
        nowhere, "sqlite:///nowhere/x.db", "unix:///nowhere/redis.sock", b"k" * 32, log_level="error"
    )
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(base: str, browser: Any) -> Iterator[Any]:
    """An empty page of the service's origin."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    page.route(f"{base}/article*", lambda route: route.fulfill(content_type="text/html", body=HTML))
    page.goto(f"{base}/article?id=7#comments")
    yield page
    context.close()


@pytest.fixture
def run(page: Any) -> Run:
    """Run lines of JavaScript with a module's exports at hand, and return what they return."""

    def run_it(module: str, lines: str) -> Any:
        load = f"const module = await import('/embed/first/{module}.js?debug')"
        return page.evaluate(f"async () => {{ {load}\n{COMMENT}\n{lines} }}")

    return run_it


def test_a_thread_shows_its_first_page_and_lets_news_wait(run):
    found = run(
        "thread",
        """
        const thread = new module.Thread('newest')
        thread.absorb(page([comment(2), comment(1)]), nobody)
        const first = ids(thread.roots)
        const child = comment(5, { parent_id: 2 })
        const now = page([comment(4), comment(3), comment(2, { replies: [child] }), comment(1)])
        thread.absorb(now, (id) => id === 3)
        const [waiting, shown] = [thread.waiting, ids(thread.roots)]
        const revealed = thread.reveal().id
        return { first, waiting, shown, revealed, after: ids(thread.roots), left: thread.waiting }
        """,
    )

    assert found == {
        "first": [2, 1],
        "waiting": 2,
        "shown": [3, 2, 1],  # the reader's own does not wait
        "revealed": 4,
        "after": [4, 3, [2, [5]], 1],
        "left": 0,
    }


def test_a_change_comes_where_the_comment_stands_and_keeps_its_replies(run):
    found = run(
        "thread",
        """
        const thread = new module.Thread('newest')
        const reply = (id) => comment(id, { parent_id: 1 })
        thread.absorb(page([comment(1, { replies: [reply(2)], next_replies: 'a' })]), nobody)
        const root = thread.roots[0]
        thread.appendReplies(root, page([reply(3), reply(2)], 'b'))
        thread.absorb(page([comment(1, { body: 'better', replies: [reply(2)], next_replies: 'a' })]), nobody)
        const same = root === thread.roots[0]
        return { same, body: root.body, next: root.next_replies, ids: ids(thread.roots) }
        """,
    )

    assert found == {"same": True, "body": "better", "next": "b", "ids": [[1, [2, 3]]]}


def test_what_lies_behind_the_last_one_shown_is_not_news(run):
    found = run(
        "thread",
        """
        const thread = new module.Thread('newest')
        thread.absorb(page([comment(9), comment(8)], 'next'), nobody)
        thread.absorb(page([comment(9), comment(8), comment(7), comment(6)], 'next'), nobody)
        const before = [thread.waiting, thread.cursor]
        const first = thread.append(page([comment(8), comment(7), comment(6)], null)).id
        return { before, first, ids: ids(thread.roots), cursor: thread.cursor }
        """,
    )

    assert found == {"before": [0, "next"], "first": 7, "ids": [9, 8, 7, 6], "cursor": None}


@pytest.mark.parametrize(
    ("sort", "shown", "now", "more", "removed"),
    [
        ("newest", [9, 8, 7], [9, 7], "null", [8]),
        ("newest", [9, 8, 7], [9, 8], "null", [7]),  # the page is the whole thread
        ("newest", [9, 8, 7], [9, 8], "'next'", []),  # 7 may stand on the next page
        ("newest", [9, 8, 7], [9, 7], "'next'", [8]),
        ("oldest", [1, 2, 3], [1, 3], "'next'", [2]),
        ("oldest", [1, 2, 3], [1, 2], "'next'", []),
        ("top", [1, 2, 3], [1, 2], "'next'", []),  # by votes a comment may stand anywhere
        ("top", [1, 2, 3], [1, 2], "null", [3]),
    ],
)
def test_what_a_page_should_hold_and_does_not_was_removed(run, sort, shown, now, more, removed):
    found = run(
        "thread",
        f"""
        const thread = new module.Thread('{sort}')
        const show = (seen) => thread.absorb(page(seen.map((id) => comment(id)), {more}), nobody)
        show({shown})
        show({now})
        const removed = thread.roots.filter((one) => one.status === 'removed')
        return removed.map(({{ id, body, author }}) => [id, body, author])
        """,
    )

    assert found == [[one, None, None] for one in removed]


def test_removed_replies_and_waiting_comments_of_ones_own(run):
    found = run(
        "thread",
        """
        const thread = new module.Thread('newest')
        const replies = [comment(2, { parent_id: 1 }), comment(3, { parent_id: 1 })]
        thread.absorb(page([comment(1, { replies })]), nobody)
        thread.put(comment(4, { parent_id: 1, status: 'pending' }))
        thread.put(comment(5, { status: 'received' }))
        thread.absorb(page([comment(1, { replies: [comment(3, { parent_id: 1 })] })]), nobody)
        const status = Object.fromEntries([...thread.known].map(([id, one]) => [id, one.status]))
        thread.put(comment(4, { parent_id: 1, body: 'decided' }))
        thread.remove(5)
        return { status, ids: ids(thread.roots), body: thread.known.get(4).body, known: thread.known.has(5) }
        """,
    )

    assert found == {
        "status": {"1": "approved", "2": "removed", "3": "approved", "4": "pending", "5": "received"},
        "ids": [[1, [2, 3, 4]]],
        "body": "decided",
        "known": False,
    }


def test_the_first_page_covers_what_is_shown(run):
    found = run(
        "thread",
        """
        return [0, 24, 25, 60, 500].map((n) => {
          const thread = new module.Thread('newest')
          thread.append(page(Array.from({ length: n }, (_, id) => comment(id))))
          return thread.limit
        })
        """,
    )

    assert found == [25, 25, 50, 75, 100]


def test_words_have_plurals_numbers_and_the_page_s_own_texts(run):
    found = run(
        "words",
        """
        const english = new module.Words('en-GB')
        const texts = { empty: 'Noch keine', count: { other: '{n} Beiträge' } }
        const own = new module.Words('de', JSON.stringify(texts))
        const counts = (words) => [1, 1234].map((n) => words.say('count', { n }))
        const say = (words) => [words.lang, words.say('empty'), ...counts(words)]
        return [say(english), say(own), new module.Words('en', 'no {json').say('empty'),
          new module.Words('xx-not a tag').lang, english.say('by', { name: '{n} <b>' }), english.say('by')]
        """,
    )

    assert found == [
        ["en-GB", "No comments yet", "1 comment", "1,234 comments"],
        ["de", "Noch keine", "1 Beiträge", "1.234 Beiträge"],
        "No comments yet",
        "en",
        "Comment by {n} <b>",
        "Comment by ",
    ]


def test_a_reason_without_a_text_of_ours_is_said_in_the_server_s_words(run):
    found = run(
        "words",
        """
        const words = new module.Words('en')
        words.learn((await import('/embed/locales/later/en.js?debug')).default)
        const reasons = [{ code: 'links', text: 'unused' }, { code: 'new-rule', text: 'Said plainly.' }]
        return reasons.map((reason) => words.why(reason))
        """,
    )

    assert found == ["It contains many links.", "Said plainly."]


def test_how_long_ago(run, page):
    page.clock.set_fixed_time("2026-11-14T12:00:00Z")
    found = run(
        "words",
        """
        const words = new module.Words('en-GB')
        const times = ['14T12:03', '14T11:59:20', '14T11:57', '14T09:00', '12T11:00', '01T11:00']
        return times.map((time) => words.ago(`2026-11-${time}Z`))
        """,
    )

    assert found == ["now", "now", "3 minutes ago", "3 hours ago", "2 days ago", "1 Nov 2026"]


def test_memory_keeps_and_forgets_and_does_without_a_store(run):
    found = run(
        "memory",
        """
        const { recall, remember, owned } = module
        remember('local', 'own demo a', [{ id: 1 }])
        const kept = [owned('demo a'), owned('demo b'), Object.keys(localStorage)]
        remember('local', 'own demo a', null)
        const gone = [recall('local', 'own demo a'), localStorage.length]
        const get = () => { throw new DOMException('no', 'SecurityError') }
        Object.defineProperty(window, 'sessionStorage', { get })
        remember('session', 'draft', { body: 'half a thought' })
        const spare = recall('session', 'draft')
        remember('session', 'draft', null)
        return { kept, gone, spare, forgotten: recall('session', 'draft'), home: location.origin }
        """,
    )

    assert found["kept"] == [[{"id": 1}], [], [f"parley {found['home']}/ own demo a"]]
    assert found["gone"] == [None, 0]
    assert found["spare"] == {"body": "half a thought"}
    assert found["forgotten"] is None


def test_a_pulse_slows_down_hurries_and_ends(run, page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    run(
        "pulse",
        """
        window.beats = 0
        window.changed = true
        window.stop = new AbortController()
        window.hurry = module.pulse(async () => (beats++, changed), stop.signal)
        """,
    )
    beats = [page.evaluate("beats")]
    steps = [
        ("", 4_900), ("", 200), ("changed = false", 5_000), ("", 5_100), ("", 1_200),
        ("hurry([100, 100])", 150), ("", 100), ("stop.abort(); hurry()", 60_000),
    ]  # fmt: skip
    for lines, milliseconds in steps:
        page.evaluate(f"() => {{ {lines} }}")
        page.clock.run_for(milliseconds)
        beats.append(page.evaluate("beats"))

    assert beats == [1, 1, 2, 3, 3, 4, 5, 6, 6]


def test_a_place_is_named_by_key_canonical_link_or_address(run):
    found = run(
        "place",
        """
        const element = document.createElement('div')
        const place = new module.Place(element)
        const bare = place.thread
        const link = { rel: 'canonical', href: '/talks#top' }
        document.head.append(Object.assign(document.createElement('link'), link))
        const linked = place.thread
        element.setAttribute('site', 'demo')
        element.setAttribute('thread', 'talks')
        element.setAttribute('page-url', '/elsewhere')
        const { name, query, target } = place
        document.title = '😀'.repeat(300)
        const long = [...place.target.thread.title].length
        return { bare, linked, name, query, target, long, home: location.origin }
        """,
    )
    home = found["home"]

    assert (found["bare"], found["linked"]) == (f"{home}/article?id=7", f"{home}/talks")
    assert found["name"] == "demo talks"
    assert found["query"] == [["site", "demo"], ["thread", "talks"]]
    assert found["target"] == {
        "site": "demo",
        "thread": {"key": "talks", "url": f"{home}/elsewhere", "title": "A page"},
    }
    assert found["long"] == 250


ANSWERS = """
const { Place } = await import('/embed/first/place.js?debug')
const { signal } = window.stop = new AbortController()
const answers = []
window.fetch = async (url) => {
  asked.push(String(url).split('?')[1])
  const { content, etag, meanwhile } = answers.shift()
  meanwhile?.()
  return { ok: true, json: async () => content, headers: new Headers(etag ? { ETag: etag } : {}) }
}
const asked = []
const element = document.createElement('div')
element.setAttribute('site', 'demo')
element.setAttribute('thread', 'talks')
const poll = new module.Poll(new Place(element), 'odd')
const ask = async (answer) => (answers.push(answer), poll.ask(signal))
"""


def test_a_poll_takes_in_what_changed_and_nothing_twice(run):
    found = run(
        "poll",
        ANSWERS
        + """
        const first = await ask({ content: page([comment(1)]), etag: 'a' })
        const same = await ask({ content: page([comment(2)]), etag: 'a' })
        const known = [...poll.thread.known.keys()]
        const other = await ask({ content: page([comment(2), comment(1)]), etag: 'b' })
        const brief = ({ first, changed }) => [first, changed]
        const { waiting } = poll.thread
        return { answers: [first, same, other].map(brief), known, waiting, asked: asked[0] }
        """,
    )

    assert found == {
        "answers": [[True, True], [False, False], [False, True]],
        "known": [1],
        "waiting": 1,
        "asked": "site=demo&thread=talks&sort=newest&limit=25",
    }


@pytest.mark.parametrize("meanwhile", ["poll.outdate()", "poll.sortBy('oldest')", "stop.abort()"])
def test_an_answer_that_comes_too_late_is_left(run, meanwhile):
    found = run(
        "poll",
        f"""{ANSWERS}
        const answer = await ask({{ content: page([comment(1)]), etag: 'a', meanwhile: () => {meanwhile} }})
        return [answer, poll.thread.loaded, [...poll.thread.known]]
        """,
    )

    assert found == [None, False, []]
