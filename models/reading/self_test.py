"""Texts that every artifact must score again as it did when it was made. Written for this purpose."""

from collections.abc import Mapping

# What a model must find worse than `CIVIL`, by attribute, whatever it said when it was made.
BAD = {
    "TOXICITY": "you are an idiot",
    "SEVERE_TOXICITY": "Die, you worthless fucking whore.",
    "IDENTITY_ATTACK": "They are vermin, all these immigrants, and should be drowned.",
    "INSULT": "you are an idiot",
    "PROFANITY": "What the fuck is this shit?",
    "THREAT": "I will find you and I will kill you.",
    "SPAM": "Earn $500 a day from home! Message me on WhatsApp: +1 555 0100",
}
CIVIL = ("Thank you for the article.", "Does anyone know when the second round of talks starts?")
TEXTS = (
    "",
    "+1",
    "Thank you for the article.",
    "Does anyone know when the second round of talks starts?",
    "I disagree with the article: the border dispute is far older than 2008.",
    "The mediators in Kuala Lumpur deserve credit for getting both sides into one room.",
    "My grandmother is Muslim, my grandfather Jewish, and they have argued about soup for fifty years.",
    "What a stupid idea.",
    "you are an idiot",
    "YOU ARE AN IDIOT!!!",
    "y0u 4re an 1d10t",
    "y o u   i d i o t",
    "you are an i\u200bd\u200bi\u200bo\u200bt",
    "уоu аrе аn іdіоt",
    "ｙｏｕ ａｒｅ ａｎ ｉｄｉｏｔ",
    "you íďíöť",
    "You are no idiot, and neither is she.",
    "Shut up.",
    "They should all be sent back where they came from, every last one of them.",
    "Nobody would miss you if you were gone.",
    "I will find the source of that quotation tomorrow.",
    "Prices rose 3.5 % in 2019; wages, by contrast, did not. See pages 12-14.",
    "👍👍👍",
    "Käse, naïve, Straße, İstanbul, 한국어, ελληνικά",
    *(text for text in BAD.values() if text != BAD["TOXICITY"]),
)


def unsound(scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the attributes that nothing can be decided by.

    A bad text must score above every civil one for TOXICITY. By the others few texts of a site's own may be
    labelled: they need only tell some texts apart.

    Parameters
    ----------
    scores : mapping of str to mapping
        Those of `CIVIL` and `BAD`, by text and attribute.

    >>> unsound({text: {"TOXICITY": 0.0, "THREAT": 0.0} for text in (*CIVIL, *BAD.values())})
    ['TOXICITY', 'THREAT']
    """
    civil = {name: max(scores[text].get(name, 0.0) for text in CIVIL) for name in BAD}
    found = []
    for name, text in BAD.items():
        given = {one[name] for one in scores.values() if name in one}
        if given and (len(given) == 1 or (name == "TOXICITY" and scores[text][name] <= civil[name])):
            found.append(name)
    return found
