"""Letters that look like others: small tables written by hand, for `models.reading.normalise`."""

from __future__ import annotations

# Cyrillic, Greek, Armenian and Cherokee letters (after case folding) that pass for a Latin one.
# Used only in words that hold a Latin letter too: whole Russian or Greek words stay what they are.
FOREIGN = {
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ҽ": "e", "ғ": "f", "ԍ": "g", "н": "h", "һ": "h",
    "і": "i", "ј": "j", "к": "k", "ӏ": "l", "м": "m", "п": "n", "о": "o", "р": "p", "ԛ": "q", "г": "r",
    "ѕ": "s", "т": "t", "ц": "u", "ѵ": "v", "ԝ": "w", "ш": "w", "х": "x", "у": "y", "ү": "y", "з": "3",
    "α": "a", "β": "b", "ϲ": "c", "δ": "d", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v",
    "ο": "o", "π": "n", "ρ": "p", "σ": "o", "ς": "c", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "γ": "y",
    "ա": "w", "օ": "o", "ս": "u", "ո": "n", "հ": "h", "զ": "q", "ց": "g", "ք": "p", "ѡ": "w",
    "Ꭺ": "a", "Ꭼ": "e", "Ꮋ": "h", "Ꮖ": "i", "Ꮶ": "k", "Ꮮ": "l", "Ꮇ": "m", "Ꮲ": "p", "Ꮪ": "s", "Ꭲ": "t",
    "Ꮩ": "v", "Ꮃ": "w", "Ꭹ": "y", "Ꮓ": "z", "Ꮯ": "c", "Ᏼ": "b", "Ꭰ": "d", "Ꮐ": "g", "Ꭻ": "j", "Ꮢ": "r",
}  # fmt: skip

# Latin letters that neither NFKC nor accent stripping turns into plain ones: strokes, hooks, small capitals.
LATIN = {
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "þ": "th", "æ": "ae", "œ": "oe",
    "ɑ": "a", "ƀ": "b", "ɓ": "b", "ƈ": "c", "ɖ": "d", "ɗ": "d", "ǝ": "e", "ə": "e", "ɛ": "e", "ƒ": "f",
    "ɡ": "g", "ɠ": "g", "ɢ": "g", "ɦ": "h", "ɨ": "i", "ɪ": "i", "ɩ": "i", "ʝ": "j", "ƙ": "k", "ɭ": "l",
    "ɫ": "l", "ʟ": "l", "ɱ": "m", "ɴ": "n", "ɲ": "n", "ŋ": "n", "ɔ": "o", "ɵ": "o", "ƥ": "p", "ʠ": "q",
    "ʀ": "r", "ɾ": "r", "ɼ": "r", "ʂ": "s", "ƭ": "t", "ʈ": "t", "ʉ": "u", "ʊ": "u", "ʋ": "v", "ʌ": "v",
    "ɯ": "w", "ʍ": "w", "ʎ": "y", "ʏ": "y", "ƴ": "y", "ʐ": "z", "ᴢ": "z", "ᴀ": "a", "ʙ": "b", "ᴄ": "c",
    "ᴅ": "d", "ᴇ": "e", "ꜰ": "f", "ʜ": "h", "ᴊ": "j", "ᴋ": "k", "ᴍ": "m", "ᴏ": "o", "ᴘ": "p", "ꜱ": "s",
    "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "£": "l", "€": "e", "¢": "c", "¥": "y", "₩": "w", "¡": "i",
}  # fmt: skip

# White letters on black discs and squares, which have no compatibility form.
ENCLOSED = {
    first + letter: ord("a") + letter
    for first in (0x1F150, 0x1F170)
    for letter in range(26)
}  # fmt: skip

# Dashes and quotation marks that stand for ASCII ones.
MARKS = {
    **dict.fromkeys("‐‑‒–—―−﹣⁃", "-"), **dict.fromkeys("‘’‚‛ʼʹ′´｀ˈ", "'"), **dict.fromkeys("∗⁎✱•·∙⋅", "*"),
}  # fmt: skip
