"""Text as the models read it: one spelling for the many ways of writing a word.

`normalise` (for readers of words and letters), `trace` (the same words with where they were typed) and
`readable` (whole sentences, for a reader of meaning) are total (any ``str``) and take time linear in the
text. Most comments are plain ASCII and take a short path through three byte tables. In most others only odd
tokens are read with care; lone letters in a row, or letters beyond ASCII, ask for care with the whole text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import lru_cache
from typing import NamedTuple

import regex

from models.reading.emojis import described, named
from models.reading.lookalikes import ENCLOSED, FOREIGN, LATIN, MARKS

VERSION = 3  # raise when any output changes: an artifact names the version it was trained with

_ASCII_SPACE = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
_UNSEEN = bytes(set(range(32)) - set(_ASCII_SPACE)) + b"\x7f"
_DELETED = _UNSEEN + b"'`"
_SIGN = "\0"  # stands for a sign beyond ASCII where no control characters are left


def _table(letter: str | None, digit: str | None, sign: str | None, mark: str) -> bytes:
    """Return a byte table; ``None`` keeps a byte as it is, lower-cased."""
    table = bytearray(range(256))
    for code in range(256):
        char = chr(code)
        if code in _ASCII_SPACE:
            char = " "
        elif code > 127:
            char = sign or char
        elif char.isalpha():
            char = letter or char.lower()
        elif char.isdigit():
            char = digit or char
        elif char in "$@*":
            char = sign or char
        elif code > 32 or char == _SIGN:
            char = mark or char
        table[code] = ord(char)
    return bytes(table)


_LOWER = _table(None, None, None, "")
_WORDS = _table(None, None, " ", " ")
_KINDS = _table("a", "0", "0", ".")
_BESIDE = re.compile(rb"a0|0a")
_INSIDE = re.compile(rb"a[.0]+a")
_TRIPLE = re.compile(rb"([a-z*])\1\1|\bxx")
_UNSURE = re.compile(rb"\.a|0")
_BEYOND = re.compile(r"[^\t-\r\x1c-\x1f -~]")

_INVISIBLE = regex.compile(
    r"(?V1)[[\p{C}\p{Variation_Selector}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]--[\t-\r\x1c-\x1f\x85]]+"
)
_LONG_MARKS = regex.compile(r"(\p{M}{4})\p{M}+")
_ACCENTS = regex.compile(r"(?V1)[\p{M}&&\p{Script=Inherited}]+")
_LATIN_WORD = regex.compile(r"[^\s]*[a-z][^\s]*")
_LETTER = regex.compile(r"\p{L}")
_MARK = regex.compile(r"\p{M}")
_CASELESS_SIGN = regex.compile(r"(?V1)[[\p{P}\p{S}]--\p{Changes_When_Lowercased}]")
# These two run over whole texts; for them the standard library's engine is the faster one.
_SPACED = re.compile(
    r"(?<![^\W_])[^\W\d_]([.\-_*,/|~]| {1,3}| [.\-_*,/|~] )[^\W\d_](?:\1[^\W\d_])+(?![^\W_])"
)
_REPEATS = re.compile(r"([^\W\d_]|\*)\1{2,}")
_PIECES = regex.compile(r"[\p{L}\p{M}\p{N}$@*]+|\p{So}")
_ASCII_PIECES = re.compile(r"[a-z0-9$@*]+")  # finds the same in ASCII, several times faster
_NUMBERS = regex.compile(r"\p{N}+|\p{So}")
_ORDINAL = regex.compile(r"\d+[a-z]{1,2}")
_NUMBERED = regex.compile(r"[a-z]+\d+")
_INNER_SIGN = regex.compile(r"(?<=\p{L})[!|+](?=\p{L}[\p{L}\p{N}]{0,2}(?![\p{L}\p{N}]))")
_INNER_MASK = regex.compile(r"(?<=\p{L})[#%^]+(?=\p{L})")
_INNER = re.compile(r"[!|+#%^]")
_EMOJI = regex.compile(r"\p{So}+")
_LOOSE = regex.compile(r"[^\p{L}\p{M}\p{N}\p{So}$@*\-._~|+=^/\\#%()\[\]{}<>]")
_GLUED = re.compile(r"xx+(\w{3,}?)xx+")
_MARKED_OR_TOKEN = re.compile(r"\0(\w+)\0|[^\s\0]+")
_TOKEN = re.compile(r"\S+")
_LEET = str.maketrans("013457@$89", "oieastasbg")
# Two phrases in one code point, the only ones that become more than seven.
_LONG_LIGATURES = {0xFDFA: "\u0635", 0xFDFB: "\u062c"}
_JOINED = b"abcdefghijklmnopqrstuvwxyz-._~=/\\()[]{}<>"  # one word, perhaps, and no sign read as a letter
_EDGES = '.,;:!?"()[]{}<>-_/\\|~^=&#%+'
_SQUEEZED_AT_MOST = 24  # longer runs of joined pieces are addresses and lists, not one hidden word

_LONG = re.compile(r"(.)\1+")
_LEET_SIGN = re.compile(r"[\d$@*!|+]")
# Pairs of letters that make a flag first: `\X` goes back to where their row begins, in quadratic time.
_GRAPHEME = regex.compile(r"\p{RI}{2}(?![\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}])|\X")
_TOKEN_OR_SPACE = regex.compile(r"\S+|\s+")
_LETTERS = regex.compile(r"[\p{L}\p{N}]+")

_FOREIGN = str.maketrans(FOREIGN)
_FOREIGN_LETTER = regex.compile("[" + "".join(FOREIGN) + "]")
_FOLDED = str.maketrans({**LATIN, **MARKS}) | ENCLOSED


class Word(NamedTuple):
    """One normalised word and the stretch of a text it was written as, in code points, ``end`` exclusive."""

    text: str
    begin: int
    end: int


def normalise(text: str) -> str:
    """Return a text in lower-case words with single spaces, odd spellings undone.

    Parameters
    ----------
    text : str
        Anything: empty, 100 kB, control characters, lone surrogates.

    Returns
    -------
    str
        Always encodable as UTF-8. Words written with signs inside stand there twice, in pieces and
        squeezed, so that a reader of words and a reader of letters both find them.

    >>> normalise("You  FOOL, you!")
    'you fool you'
    >>> normalise("f.o.o.l ｆｏｏｌ fо\u200bоl foooool f-ool f*ol")
    'fool fool fool fool f ool fool f*ol fol'
    """
    if text.isascii():
        folded = text.encode().translate(_LOWER, _DELETED)
        words, has_lone = _at_sight(folded)
        if not has_lone:
            return words.decode() if _is_plain(folded, words) else _words_by_token(folded)
        whole = folded.decode()
    else:
        swapped = _swapped(text, _SIGN)
        if swapped is not None:
            folded = swapped.encode().translate(_LOWER, b"'`")
            if not _at_sight(folded)[1]:
                return _words_by_token(folded)
        whole = _fold(text)
    return _shortened(" ".join([word for word, _, _ in _words(whole)]))


def trace(text: str) -> list[Word]:
    """Return the words of `normalise`, each with the stretch of the text it was written as.

    Stretches come in order; those of one odd token may be equal or lie within one another.

    >>> trace("You f-ool")
    [Word(text='you', begin=0, end=3), Word(text='f', begin=4, end=5), \
Word(text='ool', begin=6, end=9), Word(text='fool', begin=4, end=9)]
    """
    folded, begins, ends = _fold_in_place(text)
    return [Word(_shortened(word), begins[begin], ends[end - 1]) for word, begin, end in _words(folded)]


def readable(text: str, known: Container[str]) -> str:
    """Return a text as lower-case sentences: punctuation kept, odd spellings undone, emoji by their names.

    Parameters
    ----------
    text : str
        Anything, as typed.
    known : container of str
        Lower-case words that the reader knows. A word with signs inside is squeezed only into one of
        these, so that "well-known" and "covid19" stay as they are.

    >>> readable("You F.O.O.L, you f-ool! 💩", {"you", "fool"})
    'you fool, you fool! pile of poo'
    """
    text = named(text)
    if text.isascii():
        lowered = text.encode().translate(_LOWER, _DELETED)
        words, has_lone = _at_sight(lowered)
        if not has_lone and _is_plain(lowered, words):
            return " ".join(text.lower().split())
        folded = text.lower().encode().translate(None, _UNSEEN).decode()
    else:
        swapped = _swapped(text)
        if swapped is None:
            return _read_with_care(_EMOJI.sub(described, _fold(text, apostrophe="'")), known)
        folded = _EMOJI.sub(described, swapped.lower().replace("`", "'"))
    if _at_sight(folded.encode("ascii", "replace"))[1]:
        return _read_with_care(folded, known)
    read = " ".join([t if t.isalpha() and t in known else _reading(t, known) for t in folded.split()])
    return _shortened(read) if _has_triple(read.encode()) else read


def _at_sight(folded: bytes) -> tuple[bytes, bool]:
    """Return the words as if none was odd, and whether lone letters are in a row, as `_SPACED` needs."""
    words = b" ".join(folded.translate(_WORDS).split())
    return words, b" a a a " in b" %b " % words.translate(_KINDS)


def _is_plain(folded: bytes, words: bytes) -> bool:
    """Say whether no token of a folded ASCII text is spelt in an odd way."""
    kinds = folded.translate(_KINDS)
    if (b"0" in kinds and _BESIDE.search(kinds)) or (b".a" in kinds and _INSIDE.search(kinds)):
        return False
    may_repeat = b"xx" in folded or b"*" in folded or _has_triple(words)
    return not (may_repeat and _TRIPLE.search(folded))


def _has_triple(text: bytes) -> bool:
    """Say whether three equal bytes stand in a row, four times as fast as an expression does."""
    number = int.from_bytes(text, "little")
    unlike_next = number ^ number >> 8
    return b"\0" in (unlike_next | unlike_next >> 8).to_bytes(len(text), "little")


def _words_by_token(folded: bytes) -> str:
    """Return the words of a folded text, ASCII but for symbols and without lone letters in a row."""
    kinds = folded.replace(b"xx", b"00").translate(_KINDS) + b" "  # "xx" may be glue
    parts, at, done = [], 0, 0
    while unsure := _UNSURE.search(kinds, at):
        begin = kinds.rfind(b" ", at, unsure.start()) + 1 or at
        at = kinds.index(b" ", unsure.end())
        token, kind = folded[begin:at], kinds[begin:at].strip(b".")
        if not kind.isalpha() and (b"a" in kind or b"xx" in token or not token.isascii()):
            parts += [folded[done:begin].translate(_WORDS).decode(), *_words_of_odd(token)]
            done = at
    parts.append(folded[done:].translate(_WORDS).decode())
    words = " ".join(" ".join(parts).split())
    return _shortened(words) if _has_triple(words.encode()) else words


def _words_of_odd(token: bytes) -> list[str]:
    core = token.strip(_EDGES.encode())
    if b"xx" in core or core.translate(None, _JOINED):
        return [word for word, _, _ in _spellings(token.decode())]
    pieces = core.translate(_WORDS).decode().split()
    return [*pieces, "".join(pieces)] if len(core) <= _SQUEEZED_AT_MOST else pieces


def _read_with_care(folded: str, known: Container[str]) -> str:
    marked = _SPACED.sub(lambda run: f"\0{''.join(filter(str.isalnum, run[0]))}\0", folded)
    read = _MARKED_OR_TOKEN.sub(lambda token: token[1] or _reading(token[0], known), marked)
    return _shortened(" ".join(read.split()))


def _swapped(text: str, sign: str = "") -> str | None:
    """Fold what is not printable ASCII, if one by one is enough; ``sign`` replaces signs that are no word."""
    try:
        return _BEYOND.sub(lambda char: _alone(char[0], sign), text)
    except LookupError:
        return None


@lru_cache(maxsize=4096)
def _alone(char: str, sign: str) -> str:
    """Fold a character to ASCII, a sign or a line break; raise `LookupError` if neighbours may matter."""
    folded = _fold_letters(char)
    joins = folded and _MARK.match(unicodedata.normalize("NFKD", char))
    if folded.isascii() and not joins:
        return folded
    if folded.isspace():
        return "\n"  # no space: only those may stand between lone letters
    if joins or len(folded) > 1 or not _CASELESS_SIGN.match(folded):
        raise LookupError
    return folded if _EMOJI.match(folded) else sign or folded


def _fold(text: str, apostrophe: str = "") -> str:
    """Undo what Unicode offers for disguise: invisible, wide, accented and borrowed letters."""
    text = _unborrowed(_fold_letters(text)).replace("`", apostrophe)
    return text if apostrophe else text.replace("'", "")


def _fold_letters(text: str) -> str:
    text = _INVISIBLE.sub("", text).translate(_LONG_LIGATURES)
    # Normalisation sorts runs of marks in quadratic time, so no run may be long.
    text = _LONG_MARKS.sub(r"\1", text)
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    text = unicodedata.normalize("NFC", text).translate(_FOLDED)
    return str(_INVISIBLE.sub("", text))


def _unborrowed(text: str) -> str:
    """Read look-alikes of other scripts in words that hold a Latin letter; keeps the length."""
    if _FOREIGN_LETTER.search(text):
        return str(_LATIN_WORD.sub(lambda word: word[0].translate(_FOREIGN), text))
    return text


def _fold_in_place(text: str) -> tuple[str, list[int], list[int]]:
    """Return `_fold` of a text, and for each of its characters the stretch it was typed as."""
    whole = _fold(text, apostrophe="'")
    for units in (_GRAPHEME, _TOKEN_OR_SPACE):
        stretches = [match.span() for match in units.finditer(text)]
        parts = [_fold_letters(text[begin:end]) for begin, end in stretches]
        if _unborrowed("".join(parts)).replace("`", "'") == whole:
            break
    else:  # letters that change across the edge of a word: no place is known within the text
        stretches, parts = [(0, len(text))], [whole]
    begins = [begin for (begin, _), part in zip(stretches, parts, strict=True) for _ in part]
    ends = [end for (_, end), part in zip(stretches, parts, strict=True) for _ in part]
    kept = [at for at, char in enumerate(whole) if char != "'"]
    return "".join(whole[at] for at in kept), [begins[at] for at in kept], [ends[at] for at in kept]


def _words(folded: str) -> Iterator[tuple[str, int, int]]:
    """Yield every word of a folded text, with its repeated letters, and where it stands there."""
    at = 0
    for match in _SPACED.finditer(folded):
        yield from _of_tokens(folded, at, match.start())
        letters = "".join(filter(str.isalnum, match[0]))
        if len(letters) == 3:  # both readings: "u r a" is no word
            for place, char in enumerate(match[0], match.start()):
                if char.isalnum():
                    yield char, place, place + 1
        yield letters, match.start(), match.end()
        at = match.end()
    yield from _of_tokens(folded, at, len(folded))


def _of_tokens(folded: str, begin: int, end: int) -> Iterator[tuple[str, int, int]]:
    for match in _TOKEN.finditer(folded, begin, end):
        token, at = match[0], match.start()
        if token.isalpha() and "xx" not in token:
            yield token, at, match.end()
        else:
            for word, first, last in _spellings(token):
                yield word, at + first, at + last


def _shortened(word: str) -> str:
    return _REPEATS.sub(r"\1\1", word)


def _spellings(token: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words that a token with digits or signs may stand for, and where in the token."""
    if not _has_letter(token):
        yield from ((match[0], *match.span()) for match in _NUMBERS.finditer(token))
        return
    core = token.strip(_EDGES)
    at = token.index(core)
    if core.startswith("@") and len(core) > 4:
        core, at = core[1:], at + 1  # a mention, not an "a"
    if _INNER.search(core):
        core = _INNER_MASK.sub(lambda signs: "*" * len(signs[0]), _INNER_SIGN.sub("i", core))
    lettered = 0
    pieces = list((_ASCII_PIECES if core.isascii() else _PIECES).finditer(core))
    for piece in pieces:
        lettered += _has_letter(piece[0])
        for word in _decoded(piece[0]):
            yield word, at + piece.start(), at + piece.end()
    if lettered > 1 and len(core) <= _SQUEEZED_AT_MOST and not _LOOSE.search(core):
        joined = "".join([piece[0] for piece in pieces]).translate(_LEET)
        yield "".join(filter(str.isalpha, joined)), at, at + len(core)


def _has_letter(piece: str) -> bool:
    return piece.islower() if piece.isascii() else _LETTER.search(piece) is not None


def _decoded(piece: str) -> list[str]:
    """Return a piece with its leet signs read as letters, and without its asterisks."""
    if piece.isalpha():
        glued = "xx" in piece and _GLUED.fullmatch(piece)
        return [piece, glued[1]] if glued else [piece]
    if not _has_letter(piece):
        return [piece] if piece[0] not in "$@*" else []
    if piece[0] == "*":
        piece = piece.strip("*")  # emphasis
    if "*" in piece:
        bare = piece.replace("*", "").translate(_LEET)
        return [piece, bare] if len(bare) > 1 else [piece]
    if piece.isalpha() or _ORDINAL.fullmatch(piece):
        return [piece]
    read = piece.translate(_LEET)
    return [piece, read] if _NUMBERED.fullmatch(piece) else [read]  # "covid19" and "a55" look alike


def _reading(token: str, known: Container[str]) -> str:
    """Return a token as typed, or as the known word that it disguises."""
    core = token.strip(_EDGES + "'`*")
    bare = core.replace("'", "").replace("`", "")
    if not bare or bare in known or "//" in core:
        return token
    if bare.isascii() and bare.isalpha() and not _LONG.search(bare):
        return token  # nothing to undo
    parts = [] if _LEET_SIGN.search(core) else (_ASCII_PIECES if core.isascii() else _LETTERS).findall(core)
    if len(parts) > 1 and all(part in known for part in parts):
        return token  # "well-known"
    spelt = " ".join([word for word, _, _ in _spellings(bare)])
    if _LONG.search(spelt):
        spelt = " ".join([_LONG.sub(r"\1", spelt), _shortened(spelt)])  # "stuuupid"
    hidden = next((word for word in reversed(spelt.split()) if len(word) > 2 and word in known), None)
    return token if hidden is None else token.replace(core, hidden)
