"""How the widget's modules become what is sent: joined, lent, mapped, or as written."""

from __future__ import annotations

import json

import pytest

from service.embed import bundle

ENTRY = (
    "import { add } from './sum.js'\n"
    "import en from '../locales/en.js'\n"
    "\n"
    "/** The element. */\n"
    "export class ParleyComments {\n"
    "  total() {\n"
    "    return add(en.n, 1)\n"
    "  }\n"
    "  later = () => import('../later/more.js')\n"
    "}\n"
)
SUM = (
    "// Sums.\n"
    "export function add(a, b) {\n"
    "  return a + b\n"
    "}\n"
    "const HOME = new URL('../..', import.meta.url)\n"
)
MORE = "import { add } from '../first/sum.js'\nimport { rest } from './rest.js'\nadd(rest, 2)\n"
SOURCES = {
    "first/parley-comments.js": ENTRY,
    "first/sum.js": SUM,
    "later/more.js": MORE,
    "later/rest.js": "export const rest = 3\n",
    "locales/en.js": "/** English. */\nexport default {\n  n: 1\n}\n",
}


def test_modules_are_joined_each_after_what_it_imports():
    script, _ = bundle.join(SOURCES)

    assert script.splitlines() == [
        "function add(a, b) {",
        "return a + b",
        "}",
        "const HOME = new URL('../..', new URL('first/sum.js', import.meta.url))",
        "const en = {",
        "n: 1",
        "}",
        "export class ParleyComments {",
        "total() {",
        "return add(en.n, 1)",
        "}",
        "later = () => import('./later/more.js')",
        "}",
        "ParleyComments.first = { add }",
        "//# sourceMappingURL=parley-comments.js.map",
    ]


def test_the_later_half_borrows_from_the_element_and_imports_only_its_own():
    assert bundle.later("later/more.js", SOURCES).splitlines() == [
        "const { add } = customElements.get('parley-comments').first",
        "import { rest } from './rest.js'",
        "add(rest, 2)",
    ]


def test_a_later_module_that_would_load_the_first_half_again_is_refused():
    with pytest.raises(ValueError, match=r"later/more\.js imports .* on more than one line"):
        bundle.later("later/more.js", {"later/more.js": "import {\n  add\n} from '../first/sum.js'\n"})


def test_debug_is_handed_on_so_that_each_module_is_loaded_once():
    assert bundle.debug(ENTRY).splitlines()[:2] == [
        "import { add } from './sum.js?debug'",
        "import en from '../locales/en.js?debug'",
    ]
    assert "import('../later/more.js?debug')" in bundle.debug(ENTRY)


def test_the_map_leads_each_line_to_where_it_was_written():
    script, text = bundle.join(SOURCES)
    found = json.loads(text)

    for line, (source, row, column) in zip(script.splitlines(), places(found["mappings"]), strict=False):
        written = found["sourcesContent"][source].splitlines()[row][column:]
        assert line.split("(")[0].split(" = ")[0] in written.replace("export default", "const en")
    assert len(found["mappings"].split(";")) == len(script.splitlines()) - 2


def places(mappings: str) -> list[tuple[int, int, int]]:
    """Read the places of a source map with one segment a line."""
    place, found = [0, 0, 0, 0], []
    for segment in mappings.split(";"):
        numbers, shift, value = [], 0, 0
        for digit in map(bundle.BASE64.index, segment):
            value, shift = value | (digit & 31) << shift, shift + 5
            if not digit & 32:
                numbers.append(-(value >> 1) if value & 1 else value >> 1)
                shift = value = 0
        place = [0, *(was + step for was, step in zip(place[1:], numbers[1:], strict=True))]
        found.append((place[1], place[2], place[3]))
    return found


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("first/sum.js", f"{SUM}const en = 1\n", "en is declared by first/sum.js and by locales/en.js"),
        ("first/sum.js", f"import {{ x }} from './parley-comments.js'\n{SUM}", "imports itself"),
        ("first/sum.js", f"import * as x from './x.js'\n{SUM}", "cannot join .import \\* as x"),
        ("first/sum.js", f"import {{\n  x\n}} from './x.js'\n{SUM}", "cannot join 'import {'"),
        ("first/sum.js", f"{SUM}export {{ HOME }}\n", "cannot join 'export { HOME }'"),
        ("first/sum.js", f"{SUM}const {{ log }} = console\n", "cannot join 'const { log }"),
        ("first/sum.js", SUM.replace("// Sums.", "(1)"), "cannot join '\\(1\\)'"),
        ("first/sum.js", f"import {{ x as y }} from './x.js'\n{SUM}", "cannot join .import { x as y }"),
        ("later/rest.js", "import { subtract } from '../first/sum.js'\n", "first/sum.js has no subtract"),
    ],
)
def test_what_the_door_cannot_join_is_refused_in_words(name, text, words):
    with pytest.raises(ValueError, match=words):
        bundle.join(SOURCES | {name: text})
