"""How the widget looks on other people's pages: dark, loud, small, old, or written from right to left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.test_widget import ADD, LIST, PATIENCE_MS, POST, expect, listing
from tests.e2e.test_widget_units import base

__all__ = ["base"]
Open = Callable[..., Any]
ARABIC = '{"title":"التعليقات","count":{"other":"{n} تعليق"},"reply":"رد","add":"أضف تعليقا"}'
LONG = "A line of a poem.\n" * 200


def comment(number: int, body: str, name: str | None = "Ann", **more: Any) -> dict[str, Any]:
    made = {"id": f"c{number}", "parent_id": None, "author": {"name": name}, "body": body, "edited_at": None}
    made |= {"status": "approved", "created_at": f"2026-11-14T04:{number:02}:00Z", "reply_count": 0}
    return made | {"replies": [], "next_replies": None} | more


TALK = [
    comment(2, "A joint map is a start.", replies=[comment(3, "Agreed.", "Tom", parent_id="c2")]),
    comment(1, "", None, status="removed", author=None),
]


@pytest.fixture
def article(base: str, browser: Any) -> Iterator[Open]:
    """Open a page with the widget on it; its comments are those given."""
    contexts, wrong = [], []

    def open_it(body: str = "", css: str = "", comments: Any = TALK, **options: Any) -> Any:
        html, script = options.pop("html", '<html lang="en">'), options.pop("script", "")
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if script:
            page.add_init_script(script)
        element = '<parley-comments site="demo" thread="t"></parley-comments>'
        text = (
            f'<!doctype html>{html}<meta charset="utf-8"><title>News</title>'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="icon" href="data:,"><style>{css}</style>'
            f'<script type="module" src="/embed/parley-comments.js"></script><body>{body or element}'
        )
        page.route(f"{base}/article", lambda route: route.fulfill(content_type="text/html", body=text))
        page.route(LIST, lambda route: route.fulfill(json=listing(comments, count=25)))
        page.route(re.compile("/counts"), lambda route: route.fulfill(json={"counts": {"t": 25}}))
        page.goto(f"{base}/article")
        expect(page.get_by_role("article").first).to_be_visible()
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_it
    for context in contexts:
        context.close()
    assert wrong == []


def computed(page: Any, name: str, style: str) -> list[str]:
    """The style of each element of ours that has this name, as the browser works it out."""
    found = page.evaluate(
        """([name, style]) => [...document.querySelector('parley-comments').shadowRoot.querySelectorAll(name)]
          .map((one) => getComputedStyle(one)[style])""",
        [name, style],
    )
    return list(found)


# Colours as they are seen, worked out from the screen's point of view; `ground` lies behind everything.
SEEN = """(ground) => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const read = (text) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = '#000'; pen.fillStyle = text; pen.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]))
  const up = (one) => one.assignedSlot ?? one.parentElement ?? one.parentNode?.host
  const painted = (one) => read(getComputedStyle(one).backgroundColor)
  const behind = (one) => one ? over(painted(one), behind(up(one))) : read(ground)
  const bent = (n) => (n /= 255) <= .04045 ? n / 12.92 : ((n + .055) / 1.055) ** 2.4
  const light = (c) => c.slice(0, 3).map(bent)
    .reduce((sum, n, i) => sum + n * [.2126, .7152, .0722][i], .05)
  const ratio = (a, b) => Math.max(light(a) / light(b), light(b) / light(a))
  const found = []
  for (const one of document.querySelector('parley-comments').shadowRoot.querySelectorAll('.all *')) {
    const style = getComputedStyle(one), box = one.getBoundingClientRect()
    if (!one.checkVisibility() || box.width < 2 || one.localName === 'option') continue
    const name = `${one.localName}.${one.className} ${one.textContent.slice(0, 20)}`
    const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    if (says || one.matches('input, textarea, select')) {
      found.push([name, ratio(over(read(style.color), behind(one)), behind(one)), 4.5])
    }
    if (one.placeholder) {
      const colour = read(getComputedStyle(one, '::placeholder').color)
      found.push([`placeholder of ${name}`, ratio(over(colour, behind(one)), behind(one)), 4.5])
    }
    const edge = read(style.borderTopColor)
    if (one.matches('input, textarea, select, button') && edge[3] && parseFloat(style.borderTopWidth)) {
      const [inside, outside] = [behind(one), behind(up(one))]
      found.push([`edge of ${name}`, Math.max(ratio(edge, outside), ratio(inside, outside)), 3])
    }
  }
  return found.map(([name, is, least]) => [name, Math.round(is * 100) / 100, least])
}"""


def unreadable(page: Any, ground: str = "#fff") -> list[Any]:
    """What of the widget stands out too little, with its contrast."""
    found = page.evaluate(SEEN, ground)
    assert len(found) > 15, "nothing was looked at"
    return [(name, ratio) for name, ratio, least in found if ratio < least]


def open_form(page: Any) -> None:
    """Show all that a reader who writes sees, with a mistake."""
    page.get_by_label(ADD).first.focus()
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_text("Write something first.")).to_be_visible()


WIDGET = '<parley-comments site="demo" thread="t"></parley-comments>'
PAGES = {
    "light": ("", WIDGET, "#fff"),
    "dark by a class": ("body{background:#111;color:#eee}", WIDGET, "#fff"),
    "dark by the scheme": (":root{color-scheme:dark}", WIDGET, "#121212"),
    "dark by both": (":root{color-scheme:dark} body{background:#123;color:#cde}", WIDGET, "#123"),
    "a dark box on a light page": ("main{background:#222}", f"<main>{WIDGET}</main>", "#fff"),
    "a light box on a dark page": (
        "body{background:#111;color:#eee} main{background:#fff}", f"<main>{WIDGET}</main>", "#fff",
    ),
    "veils": (
        "body{background:#000;color:#fff} main,div{background:rgb(255 255 255/.3)}",
        f"<main><div>{WIDGET}</div></main>", "#fff",
    ),
    "newer colours": (
        "body{background:oklch(25% .03 260);color:oklch(93% .01 260)} main{background:color(srgb 1 1 1/.05)}",
        f"<main>{WIDGET}</main>", "#fff",
    ),
    "a layer behind": (
        ".back{position:fixed;inset:0;background:#101010;z-index:-1} body{color:#ddd}",
        f'<div class="back"></div>{WIDGET}', "#101010",
    ),
    "a picture": ("body{background:linear-gradient(#001,#112);color:#eef}", WIDGET, "#112"),
    "grey on grey": ("body{background:#777;color:#888}", WIDGET, "#fff"),
    "light grey on white": ("body{color:#aaa}", WIDGET, "#fff"),
    "sepia": ("body{background:#f4ecd8;color:#5b4636}", WIDGET, "#fff"),
    "text of no colour": ("*{color:transparent;-webkit-text-fill-color:transparent}", WIDGET, "#fff"),
    "a tree of its own": ("", "<x-page></x-page>", "#fff"),
    "names like ours": (
        "*{--text:#fff;--muted:#fff;--accent:#fff;--field:#000;--line:#fff;--edge:#fff;--shade:#000}",
        WIDGET, "#fff",
    ),
}  # fmt: skip
OWN_TREE = """
customElements.define('x-page', class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: 'open' }).innerHTML =
      '<style>div{background:#1a1a2e;color:#eee}</style><div><slot></slot></div>'
    this.innerHTML = '<parley-comments site="demo" thread="t"></parley-comments>'
  }
})
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_text_can_be_read_on_any_page(article, name, scheme):
    css, body, ground = PAGES[name]
    page = article(body, css, color_scheme=scheme, script=OWN_TREE)
    open_form(page)

    assert unreadable(page, ground) == []


CHANGES = {
    "a class": ("body.dark{background:#111;color:#eee}", "document.body.classList.add('dark')"),
    "a class, with a fade": (
        "body{background:#fff;color:#222;transition:.3s} body.dark{background:#111;color:#eee}",
        "document.body.classList.add('dark')",
    ),
    "data on the root": (
        "[data-theme=dark] body{background:#111;color:#eee}",
        "document.documentElement.dataset.theme = 'dark'",
    ),
    "a style sheet": (
        "",
        "document.head.append(Object.assign(document.createElement('style'),"
        " { textContent: 'body{background:#111;color:#eee}' }))",
    ),
    "the background alone": ("body.dark{background:#111}", "document.body.classList.add('dark')"),
    "the scheme": ("", "document.documentElement.style.colorScheme = 'dark'"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_page_that_changes_its_look_takes_the_widget_along(article, name):
    css, change = CHANGES[name]
    page = article("", css)
    open_form(page)
    page.evaluate(change)
    page.wait_for_timeout(1000)

    assert unreadable(page, "#121212" if name == "the scheme" else "#fff") == []


def test_the_page_s_own_choice_of_colours_stands(article):
    page = article("", "parley-comments{--parley-accent:#a00;--parley-text:#234}")

    assert computed(page, "article .link", "color")[0] == "rgb(170, 0, 0)"
    assert set(computed(page, ".name", "color")) == {"rgb(34, 51, 68)"}


LOUD = """{
  text-transform: uppercase; letter-spacing: .4em; word-spacing: 2em; font-style: italic; line-height: 0;
  font-variant: small-caps;
  font-weight: 900; font-stretch: condensed; white-space: nowrap; text-indent: 5em; text-align: right;
  text-shadow: 0 0 9px red; cursor: help; user-select: none; -webkit-user-select: none; hyphens: auto;
  direction: rtl; unicode-bidi: bidi-override; word-break: break-all; overflow-wrap: normal;
  tab-size: 20; quotes: none;
  list-style: square; writing-mode: vertical-rl; text-orientation: upright; -webkit-text-fill-color: red;
  -webkit-text-stroke: 1px red; text-emphasis: dot;
  font-feature-settings: "smcp";
  font-kerning: none; text-wrap: balance; caret-color: red; text-underline-offset: 9px;
  border-collapse: collapse;
  color-scheme: dark; accent-color: red; font-family: Georgia; text-align-last: right;
  text-rendering: geometricPrecision;
  text-justify: none; image-rendering: pixelated; orphans: 9; widows: 9;
  line-break: anywhere; ruby-position: under;
}"""
STYLES = """() => {
  const root = document.querySelector('parley-comments').shadowRoot
  const loose = /^(.*color|fill|stroke|.*(size|width|height|origin|outline|border|rule|offset).*|--.*)$/
  const names = ['.body', '.name', 'h2', 'button', 'textarea', 'select', 'input', 'label', '.note']
  return Object.fromEntries(names.map((name) => {
    const style = getComputedStyle(root.querySelector(name))
    const kept = [...style].filter((one) => !loose.test(one)).map((one) => [one, style.getPropertyValue(one)])
    const exact = [['line-height', style.lineHeight], ['font-size', style.fontSize]]
    return [name, Object.fromEntries([...kept, ...exact])]
  }))
}"""


@pytest.mark.parametrize("who", ["body", "*", "parley-comments", "body, parley-comments, *, ::before"])
def test_what_a_page_sets_for_its_own_texts_stays_outside(article, who):
    quiet, loud = article(), article("", who + LOUD)
    for page in (quiet, loud):
        page.get_by_label(ADD).first.focus()
        expect(page.get_by_label("Name (optional)")).to_be_visible()
    wanted, found = (page.evaluate(STYLES) for page in (quiet, loud))
    wrong = {
        (name, one): value
        for name, styles in found.items()
        for one, value in styles.items()
        if value != wanted[name][one]
        # The page may turn its own layout; the scheme follows its colours.
        and one not in ("color-scheme", "perspective-origin", "transform-origin", "accent-color")
    }

    assert wrong == {}


@pytest.mark.parametrize("rule", ["visibility:hidden", "display:none"])
def test_a_page_may_still_hide_it(article, rule):
    page = article()
    page.add_style_tag(content=f"parley-comments{{{rule}}}")

    expect(page.get_by_role("article").first).to_be_hidden()
    expect(page.get_by_label(ADD)).to_be_hidden()


@pytest.mark.parametrize(
    "css", ["", "html{font-size:62.5%}", "body{font-size:10px}", "body{font-size:0}", "body{font:20px serif}"]
)
def test_no_phone_zooms_into_a_box_and_no_text_is_tiny(article, css):
    page = article("", css, viewport={"width": 360, "height": 640})
    page.get_by_label(ADD).first.focus()
    expect(page.get_by_label("Name (optional)")).to_be_visible()
    sizes = [float(one.removesuffix("px")) for one in computed(page, "input, textarea, select", "fontSize")]
    (body, *_) = (float(one.removesuffix("px")) for one in computed(page, ".body", "fontSize"))

    assert len(sizes) >= 3
    assert min(sizes) >= 16
    assert body >= 13
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "text",
    [
        "hello" + "\n" * 4950 + "bye",
        "a\n" * 2500,
        "word " * 1000,
        "hello" + "\n \t\u00a0\u3000" * 1200 + "\nbye",
        LONG,
    ],
)
def test_a_tall_comment_is_folded_and_opened_by_keyboard(article, text):
    page = article("", comments=[comment(1, text), comment(2, "Short.")])
    tall = page.get_by_role("article").first
    low = page.evaluate("document.documentElement.scrollHeight")
    button = tall.get_by_role("button", name="Show more")
    is_short = text.startswith("hello")

    assert low < 1500
    expect(page.get_by_role("article").last.get_by_role("button", name="Show more")).to_be_hidden()
    if is_short:
        expect(tall.locator(".body")).to_have_text("hello\n\nbye", use_inner_text=True)
        return
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    less = tall.get_by_role("button", name="Show less")
    expect(less).to_be_focused()
    expect(less).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.documentElement.scrollHeight") > low + 200
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    assert page.evaluate("document.documentElement.scrollHeight") == low


def test_an_opened_comment_stays_open_when_the_list_is_asked_again(article):
    page = article("", comments=[comment(1, LONG)])
    page.get_by_role("button", name="Show more").click()
    with page.expect_response(LIST):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(200)

    expect(page.get_by_role("button", name="Show less")).to_be_visible()


OLD = """
delete AbortSignal.timeout; delete AbortSignal.any
const lists = ['findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with']
for (const name of lists) delete Array.prototype[name]
delete Array.fromAsync; delete Object.groupBy; delete Map.groupBy; delete Promise.withResolvers
delete URL.canParse
delete HTMLFormElement.prototype.requestSubmit; delete Intl.Segmenter
delete window.navigation; delete window.scheduler
const own = Object.getOwnPropertyNames(Element.prototype)
for (const name of own) if (/^aria[A-Z]|^role$/.test(name)) delete Element.prototype[name]
delete Element.prototype.checkVisibility
window.CSSStyleSheet = function () { throw new TypeError('Illegal constructor') }
delete ShadowRoot.prototype.adoptedStyleSheets; delete Document.prototype.adoptedStyleSheets
"""


def test_a_browser_of_2022_reads_and_writes(article):
    page, sent = article(script=OLD), []

    def answer(route: Any) -> None:
        sent.append(route.request.post_data_json["body"])
        route.fulfill(status=202, json={"id": "c9", "status": "received", "receipt": "r"})

    page.route(POST, answer)
    page.route(re.compile("/comments/c9"), lambda route: route.fulfill(json=comment(9, "An old telephone.")))
    page.get_by_role("button", name="Reply to Ann").click()
    expect(page.locator("li textarea")).to_be_focused()
    page.keyboard.type("An old telephone.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("An old telephone.")).to_be_visible()
    assert sent == ["An old telephone."]
    assert float(computed(page, "article", "paddingTop")[0].removesuffix("px")) > 5, "it has its style"


SIDE = """([name, part]) => {
  const root = document.querySelector('parley-comments').shadowRoot
  const text = (root.querySelector(name) ?? document.querySelector(name)).firstChild
  const range = document.createRange()
  const at = text.data.search(part)
  range.setStart(text, at)
  range.setEnd(text, at + 1)
  return range.getBoundingClientRect().left
}"""
COUNT = '<p><parley-count site="demo" thread="t"></parley-count></p>'


def test_english_texts_keep_their_order_on_an_arabic_page(article):
    talk = [comment(1, "شكرا على المقال", "سلمى"), comment(2, "Thank you for the article.", "Ann")]
    page = article(f"{COUNT}{WIDGET}", comments=talk, html='<html lang="ar" dir="rtl">')
    expect(page.locator("parley-count")).to_have_text("25 comments")
    section = page.locator("parley-comments section")
    for name in ("h2", "parley-count"):
        digits, words = (page.evaluate(SIDE, [name, part]) for part in (r"\d", "[a-z]"))
        assert digits < words, name
    starts = computed(page, ".body, .name", "direction")

    expect(section).to_have_attribute("dir", "ltr")
    expect(section).to_have_attribute("lang", "en")
    assert sorted(starts) == ["ltr", "ltr", "rtl", "rtl"]
    page.get_by_role("button", name="Reply to سلمى").click()
    expect(page.locator("li textarea")).to_be_focused()
    label = page.locator("li form label").first
    assert label.text_content() == "Reply to \u2068سلمى\u2069"


def test_arabic_texts_keep_their_order_on_an_english_page(article):
    element = f"<parley-comments site=demo thread=t lang=ar words='{ARABIC}'></parley-comments>"
    page = article(element, comments=[comment(1, "Thank you for the article.", "Ann")])
    digits, words = (page.evaluate(SIDE, ["h2", part]) for part in (r"[\d٠-٩]", "[ء-ي]"))

    expect(page.locator("parley-comments section")).to_have_attribute("dir", "rtl")
    assert digits > words
    for name in (".name", ".body"):
        box = page.locator(f"parley-comments {name}").bounding_box()
        assert box["x"] > 640, f"{name} stands where lines begin"
    assert computed(page, "textarea", "direction") == ["rtl"]
    assert computed(page, ".body", "direction") == ["ltr"]


@pytest.mark.parametrize(
    ("lang", "direction"),
    [
        ("ar-EG", "rtl"),
        ("he", "rtl"),
        ("fa-IR", "rtl"),
        ("ur", "rtl"),
        ("az-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("en-GB", "ltr"),
        ("de", "ltr"),
    ],
)
def test_a_language_has_its_direction(article, lang, direction):
    page = article(f"<parley-comments site=demo thread=t lang={lang} words='{ARABIC}'></parley-comments>")

    expect(page.locator("parley-comments section")).to_have_attribute("dir", direction)
