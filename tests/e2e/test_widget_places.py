"""Where the widget's elements belong: one page after another, and the counts of many pages."""

from __future__ import annotations

import pytest

from tests.e2e.test_widget_units import ANSWERS, base, page, run

__all__ = ["base", "page", "run"]  # fixtures
pytest.importorskip("playwright.sync_api")


def test_a_place_stays_the_one_that_is_shown_until_it_is_read_anew(run):
    found = run(
        "place",
        """
        const element = document.createElement('div')
        const place = new module.Place(element)
        place.settle()
        const [here, stays] = [place.thread, place.moved]
        history.replaceState(null, '', '/article?id=7#c-12')
        const anchor = place.moved
        history.pushState(null, '', '/article?id=8')
        document.title = 'Another page'
        const { moved, thread, target } = place
        place.settle()
        history.pushState(null, '', '/article?id=8#/route')
        return { stays, anchor, moved, same: thread === here && target.thread.url === here,
          title: target.thread.title ?? null, now: place.thread.endsWith('?id=8'), route: place.moved }
        """,
    )

    assert found == {
        "stays": False, "anchor": False, "moved": True, "same": True, "title": None, "now": True,
        "route": True,
    }  # fmt: skip


@pytest.mark.parametrize("change", [
    "history.pushState(null, '', '/b')", "location.hash = '#/b'",
    "document.head.append(Object.assign(document.createElement('link'), { rel: 'canonical', href: '/b' }))",
])  # fmt: skip
def test_no_answer_of_one_page_is_judged_against_another(run, change):
    found = run(
        "parley-comments",
        f"""
        const asked = []
        window.fetch = async (url) => {{
          const thread = new URL(url).searchParams.get('thread')
          asked.push(new URL(thread).pathname + new URL(thread).hash)
          const content = page(thread.endsWith('/b') ? [comment(9)] : [comment(1), comment(2)])
          return {{ ok: true, json: async () => content, headers: new Headers({{ ETag: thread }}) }}
        }}
        const element = document.createElement('parley-comments')
        element.setAttribute('site', 'demo')
        const seen = []
        const load = () => new Promise((done) => addEventListener('parley-loaded', (event) => (
          seen.push(event.detail.comments.map((one) => one.id)), done()), {{ once: true }}))
        const first = load()
        document.body.append(element)
        await first
        const second = load()
        {change}
        dispatchEvent(new Event('popstate'))
        await second
        const text = element.shadowRoot.textContent
        element.remove()
        return {{ seen, removed: text.includes('removed'), old: text.includes('body of 1') }}
        """,
    )

    assert found == {"seen": [[1, 2], [9]], "removed": False, "old": False}


def test_counts_are_cut_by_number_and_by_length(run):
    found = run(
        "count",
        """
        const long = Array.from({ length: 100 }, (_, n) => `https://news.example/${'漢'.repeat(30)}${n}`)
        const short = Array.from({ length: 150 }, (_, n) => `k${n}`)
        const bytes = (keys) => String(new URLSearchParams(keys.map((key) => ['thread', key]))).length
        return { most: Math.max(...module.batches(long).map(bytes)), all: module.batches(long).flat().length,
          short: module.batches(short).map((one) => one.length),
          huge: module.batches(['x'.repeat(9000), 'a']).length,
          none: module.batches([]) }
        """,
    )

    assert found["most"] < 6200
    assert found["all"] == 100
    assert (found["short"], found["huge"], found["none"]) == ([100, 50], 2, [])


def test_a_batch_that_fails_takes_no_other_along_and_paths_lead_from_here(run):
    found = run(
        "count",
        """
        customElements.define('parley-count', module.ParleyCount)
        window.fetch = async (url) => {
          const keys = new URL(url).searchParams.getAll('thread')
          if (keys.some((key) => key.startsWith('https://broken.example'))) throw new TypeError('no answer')
          const bad = keys.includes('undefined')
          const n = (key) => key.endsWith('/%E6%96%B0') ? 4 : key === '/mine' ? 3 : key[0] === 'k' ? 2 : 0
          const counts = Object.fromEntries(keys.map((key) => [key, n(key)]))
          const content = bad ? { title: 'Invalid' } : { counts }
          return { ok: !bad, status: bad ? 422 : 200, json: async () => content, headers: new Headers() }
        }
        const keys = ['k1', 'undefined', 'k2', '/新', '/mine', ...Array.from({ length: 3 }, (_, n) =>
          `https://broken.example/${'x'.repeat(5950)}${n}`)]
        const made = keys.map((key) => {
          const one = document.createElement('parley-count')
          one.setAttribute('site', 'demo')
          one.setAttribute('thread', key)
          one.textContent = '?'
          return one
        })
        document.body.append(...made)
        await new Promise((done) => setTimeout(done, 500))
        return made.slice(0, 5).map((one) => one.textContent)
        """,
    )

    assert found == ["2 comments", "?", "2 comments", "4 comments", "3 comments"]


def test_an_answer_that_comes_after_a_change_of_place_asks_anew(run):
    found = run(
        "poll",
        f"""{ANSWERS}
        element.removeAttribute('thread')
        poll.place.settle()
        const answer = await ask({{ content: page([comment(1)]), etag: 'a',
          meanwhile: () => history.pushState(null, '', '/b') }})
        return [answer, poll.thread.loaded]
        """,
    )

    assert found == [None, False]
