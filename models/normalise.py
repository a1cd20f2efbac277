"""Text as the models read it: one spelling for the many ways of writing a word.

`normalise` is total (any ``str``) and takes time linear in the text. Most comments are plain ASCII and
take a short path through three byte tables; the careful path gives the same answer for them.
"""

from __future__ import annotations

import re
import unicodedata

import regex

from models.lookalikes import ENCLOSED, FOREIGN, LATIN, MARKS

VERSION = 1  # raise when any output changes: an artifact names the version it was trained with

_ASCII_SPACE = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
_DELETED = bytes(set(range(32)) - set(_ASCII_SPACE)) + b"\x7f'`"


def _table(letter: str | None, digit: str | None, sign: str | None, mark: str) -> bytes:
    """Return a byte table; ``None`` keeps a byte as it is, lower-cased."""
    table = bytearray(range(256))
    for code in range(128):
        char = chr(code)
        if code in _ASCII_SPACE:
            char = " "
        elif char.isalpha():
            char = letter or char.lower()
        elif char.isdigit():
            char = digit or char
        elif char in "$@*":
            char = sign or char
        elif code > 32:
            char = mark or char
        table[code] = ord(char)
    return bytes(table)


_LOWER = _table(None, None, None, "")
_WORDS = _table(None, None, " ", " ")
_KINDS = _table("a", "0", "0", ".")
_INSIDE = re.compile(rb"a[.0]+a")
_TRIPLE = re.compile(rb"([a-z*])\1\1")

_INVISIBLE = regex.compile(
    r"(?V1)[[\p{C}\p{Variation_Selector}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]--[\t-\r\x1c-\x1f\x85]]+"
)
_LONG_MARKS = regex.compile(r"(\p{M}{4})\p{M}+")
_ACCENTS = regex.compile(r"(?V1)[\p{M}&&\p{Script=Inherited}]+")
_LATIN_WORD = regex.compile(r"[^\s]*[a-z][^\s]*")
_LETTER = regex.compile(r"\p{L}")
# These two run over whole texts; for them the standard library's engine is the faster one.
_SPACED = re.compile(
    r"(?<![^\W_])[^\W\d_]([.\-_*,/|~]| {1,3}| [.\-_*,/|~] )[^\W\d_](?:\1[^\W\d_])+(?![^\W_])"
)
_REPEATS = re.compile(r"([^\W\d_]|\*)\1{2,}")
_PIECES = regex.compile(r"[\p{L}\p{M}\p{N}$@*]+|\p{So}")
_NUMBERS = regex.compile(r"\p{N}+|\p{So}")
_ORDINAL = regex.compile(r"\d+[a-z]{1,2}")
_NUMBERED = regex.compile(r"[a-z]+\d+")
_INNER_SIGN = regex.compile(r"(?<=[\p{L}\p{N}])[!|+](?=[\p{L}\p{N}]{1,3}(?![\p{L}\p{N}]))")
_INNER_MASK = regex.compile(r"(?<=\p{L})[#%^]+(?=\p{L})")
_LOOSE = regex.compile(r"[^\p{L}\p{M}\p{N}\p{So}$@*\-._~|+=^/\\#%]")
_LEET = str.maketrans("013457@$89", "oieastasbg")
# Two phrases in one code point, the only ones that become more than seven.
_LONG_LIGATURES = {0xFDFA: "\u0635", 0xFDFB: "\u062c"}
_EDGES = '.,;:!?"()[]{}<>-_/\\|~^=&#%+'
_SQUEEZED_AT_MOST = 24  # longer runs of joined pieces are addresses and lists, not one hidden word

_FOREIGN = str.maketrans(FOREIGN)
_FOREIGN_LETTER = regex.compile("[" + "".join(FOREIGN) + "]")
_FOLDED = str.maketrans({**LATIN, **MARKS}) | ENCLOSED


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
        plain = _plain(folded)
        return _careful(folded.decode()) if plain is None else plain
    return _careful(_fold(text))


def _plain(folded: bytes) -> str | None:
    """Return the words of a lower-case ASCII text, or None if a word is spelt in an odd way."""
    kinds = folded.translate(_KINDS)
    if b"a0" in kinds or b"0a" in kinds or _INSIDE.search(kinds) or _TRIPLE.search(folded):
        return None
    words = b" ".join(folded.translate(_WORDS).split())
    if b" a a a " in b" %b " % words.translate(_KINDS):
        return None
    return words.decode()


def _fold(text: str) -> str:
    """Undo what Unicode offers for disguise: invisible, wide, accented and borrowed letters."""
    text = _INVISIBLE.sub("", text).translate(_LONG_LIGATURES)
    # Normalisation sorts runs of marks in quadratic time, so no run may be long.
    text = _LONG_MARKS.sub(r"\1", text)
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    text = unicodedata.normalize("NFC", text).translate(_FOLDED)
    text = str(_INVISIBLE.sub("", text)).replace("'", "").replace("`", "")
    if _FOREIGN_LETTER.search(text):
        text = _LATIN_WORD.sub(lambda word: word[0].translate(_FOREIGN), text)
    return text


def _careful(folded: str) -> str:
    words: list[str] = []
    for token in _SPACED.sub(_joined, folded).split():
        if token.isalpha():
            words.append(token)
        else:
            words.extend(_spellings(token))
    return _REPEATS.sub(r"\1\1", " ".join(words))


def _joined(spaced: re.Match[str]) -> str:
    """Return spaced letters as one word; of just three, both readings ("u r a" is no word)."""
    word = "".join(filter(str.isalnum, spaced[0]))
    return f"{' '.join(word)} {word}" if len(word) == 3 else word


def _spellings(token: str) -> list[str]:
    """Return the words that a token with digits or signs may stand for."""
    if not _has_letter(token):
        return list(_NUMBERS.findall(token))
    core = token.strip(_EDGES)
    if core.startswith("@") and len(core) > 4:
        core = core[1:]  # a mention, not an "a"
    core = _INNER_MASK.sub("*", _INNER_SIGN.sub("i", core))
    pieces = _PIECES.findall(core)
    words = [word for piece in pieces for word in _decoded(piece)]
    if sum(map(_has_letter, pieces)) > 1 and len(core) <= _SQUEEZED_AT_MOST and not _LOOSE.search(core):
        words.append("".join(filter(str.isalpha, "".join(pieces).translate(_LEET))))
    return words


def _has_letter(piece: str) -> bool:
    return _LETTER.search(piece) is not None


def _decoded(piece: str) -> list[str]:
    """Return a piece with its leet signs read as letters, and without its asterisks."""
    if piece.isalpha() or not _has_letter(piece):
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
