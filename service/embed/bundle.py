"""The widget's modules as they are sent: the first half as one script, the later half borrowing from it.

This knows the manner of our own files, not JavaScript: one import a line, each export before its
declaration, documentation as ``/**``. What it does not know it refuses, so a test sees it and no reader does.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ELEMENT = "parley-comments"
ENTRY = "first/parley-comments.js"
CLASS = "ParleyComments"
SCRIPT = "parley-comments.js"
MAP = f"{SCRIPT}.map"

DOC_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)
LINE_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
IMPORT = re.compile(r"^import (?:\{ (?P<names>\w+(?:, \w+)*) \}|\w+) from '(?P<path>\.[^']+)'$", re.MULTILINE)
ON_NEED = re.compile(r"\bimport\('(\.[^']+)'\)")
ADDRESS = re.compile(r"(\bfrom '|\bimport\(')(\.[^']+)'")
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)
DEFAULT = re.compile(r"^export default ", re.MULTILINE)
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let) +(\w+)", re.MULTILINE)
STRANGE = re.compile(r"^(?:import\b|export (?:\{|\*)|(?:const|let) [{\[]|var ).*", re.MULTILINE)
CONTINUES = re.compile(r"\s*[(\[`+/-].*")  # without a semicolon, this would go on with the module before
# Where spaces mean something: texts in single quotes, templates, regular expressions where one may begin.
QUOTED = re.compile(
    r"""'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""
    r"""|(?:(?<=[(=,!])|(?<=[=,] )|(?<=return ))/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*"""
)
SPACE = re.compile(r"(?<=[=(){}\[\],:;?&|<>!]) +| +(?=[=()}\[\],:;?&|<>!])")
SPACE_IN_STYLES = re.compile(r"(?<=[{};:,]) +| +(?=[{}])")
STYLES = "`\n"  # a template that begins so is a style sheet
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

Sources = Mapping[str, str]  # the text of each module, by its name below the widget's folder


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the joined script, and the place it came from; places count from 0."""

    text: str
    source: str
    row: int
    column: int


def join(sources: Sources) -> tuple[str, str]:
    """Return the first half as one script, and its source map.

    The modules stand in one scope, each after those that it imports. So no two of them may declare the same
    name at their top; this raises `ValueError` when they do.
    """
    order = list(dict.fromkeys(_with_imports(sources, ENTRY)))
    lines = [line for name in order for line in _lines(name, sources[name])]
    _check_names(order, sources)
    text = "\n".join(line.text for line in lines)
    lent = ", ".join(sorted(_lent(sources)))
    script = f"{text}\n{CLASS}.first = {{ {lent} }}\n//# sourceMappingURL={MAP}\n"
    return script, _source_map(lines, order, sources)


def later(name: str, sources: Sources) -> str:
    """Return a module of the later half, which takes what it imports of the first from the element's class.

    An import would name the first script by its address, but only the page knows under which query it has
    loaded it; by another query a browser loads and runs it a second time. The element's class is there once.
    """

    def borrowed(found: re.Match[str]) -> str:
        if not found["names"] or not _path(name, found["path"]).startswith("first/"):
            return found[0]
        return f"const {{ {found['names']} }} = customElements.get('{ELEMENT}').first"

    text = IMPORT.sub(borrowed, without_comments(sources[name]))
    if "from '../first/" in text:
        raise ValueError(f"{name} imports from the first half on more than one line, or by another form")
    return text


def debug(source: str) -> str:
    """Return a module as it was written; ``?debug`` is handed on, so that each is loaded once."""
    return ADDRESS.sub(r"\1\2?debug'", source)


def without_comments(script: str) -> str:
    """Leave out what only a developer reads: documentation, comment lines, indentation.

    Line numbers stay, so that a browser's error names the line in the source. This knows the manner
    of our own files (no ``/**`` in a text, no indentation that means something), not JavaScript.

    >>> without_comments("/** Doubles. */\\nfunction f(x) {\\n  // as it must\\n  return 2 * x\\n}")
    '\\nfunction f(x) {\\n\\nreturn 2 * x\\n}'
    """
    return INDENT.sub("", _without_documentation(script))


def squeezed(script: str) -> str:
    """Leave out spaces that mean nothing, in scripts and in the style sheets within them; lines stay.

    >>> squeezed("const a = (b, c) => b === 'x = y' ? [b, c] : `${b} , ${c}`")
    "const a=(b,c)=>b==='x = y'?[b,c]:`${b} , ${c}`"
    >>> squeezed("const LOOK = `\\n.a :is(b, p) { margin: 0 auto; top: 1px }\\n`")
    'const LOOK=`\\n.a :is(b,p){margin:0 auto;top:1px}\\n`'
    """
    found, end = [], 0
    for quoted in QUOTED.finditer(script):
        text = quoted[0]
        plain = SPACE_IN_STYLES.sub("", text) if text.startswith(STYLES) else text
        found += [SPACE.sub("", script[end : quoted.start()]), plain]
        end = quoted.end()
    return "".join([*found, SPACE.sub("", script[end:])])


def _without_documentation(script: str) -> str:
    script = DOC_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), script)
    return LINE_COMMENT.sub("", script)


def _path(name: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


def _with_imports(sources: Sources, name: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    if name in above:
        raise ValueError(f"{name} imports itself by way of {above[-1]}")
    for found in IMPORT.finditer(sources[name]):
        yield from _with_imports(sources, _path(name, found["path"]), (*above, name))
    yield name


def _lines(name: str, source: str) -> Iterator[Line]:
    """Yield the lines of one module that the joined script keeps, as they read there."""
    for row, written in enumerate(_joined(name, source).split("\n")):
        text = written.strip()
        if text:
            yield Line(text, name, row, len(written) - len(written.lstrip()))


def _joined(name: str, source: str) -> str:
    """Return a module's text in the joined script: row by row the same, but without imports and exports."""
    text = IMPORT.sub("", _without_documentation(source))
    if strange := STRANGE.search(text) or CONTINUES.match(text):
        raise ValueError(f"{name}: the door cannot join {strange[0]!r}")
    text = DEFAULT.sub(f"const {posixpath.basename(name).removesuffix('.js')} = ", text)
    if name != ENTRY:
        text = EXPORT.sub("", text)
    # Addresses mean what they meant in the module's own file.
    text = ON_NEED.sub(lambda found: f"import('./{_path(name, found[1])}')", text)
    return text.replace("import.meta.url", f"new URL('{name}', import.meta.url)")


def _check_names(order: list[str], sources: Sources) -> None:
    known: dict[str, str] = {}
    for name in order:
        for declared in DECLARED.findall(_joined(name, sources[name])):
            if declared in known:
                raise ValueError(f"{declared} is declared by {known[declared]} and by {name}")
            known[declared] = name


def _lent(sources: Sources) -> set[str]:
    """Return what the later half imports of the first; raises `ValueError` for what is not there."""
    lent: set[str] = set()
    for name in (name for name in sources if name.startswith("later/")):
        for found in IMPORT.finditer(sources[name]):
            path = _path(name, found["path"])
            wanted = set((found["names"] or "").split(", ")) if path.startswith("first/") else set()
            if missing := wanted - set(DECLARED.findall(sources[path])):
                raise ValueError(f"{name}: {path} has no {', '.join(sorted(missing))}")
            lent |= wanted
    return lent


def _source_map(lines: list[Line], order: list[str], sources: Sources) -> str:
    """Return a source map (ECMA-426): each line begins where its source has its first character."""
    mappings, last = [], (0, 0, 0)
    for line in lines:
        place = (order.index(line.source), line.row, line.column)
        steps = (0, *(now - before for now, before in zip(place, last, strict=True)))
        mappings.append("".join(map(_vlq, steps)))
        last = place
    content = {
        "version": 3,
        "file": SCRIPT,
        "sources": order,
        "sourcesContent": [sources[name] for name in order],
        "names": [],
        "mappings": ";".join(mappings),
    }
    return json.dumps(content, ensure_ascii=False)


def _vlq(number: int) -> str:
    """Write a whole number in the variable-length digits of source maps.

    >>> [_vlq(number) for number in (0, 1, -1, 16, 1000)]
    ['A', 'C', 'D', 'gB', 'w+B']
    """
    rest = abs(number) << 1 | (number < 0)
    digits = ""
    while True:
        rest, digit = rest >> 5, rest & 31
        digits += BASE64[digit | 32 if rest else digit]
        if not rest:
            return digits
