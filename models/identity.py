"""Words that name a group of people, hidden from every head but IDENTITY_ATTACK.

Without this a linear model learns that the names of often-attacked groups are themselves toxic.
Edit freely: neutral names only, no slurs, as `models.normalise` writes them. A changed list needs a
newly trained model; an artifact names the list's digest.
"""

from __future__ import annotations

import hashlib

MASK = "identityterm"

_WITH_PLURAL = """
african american arab asian atheist australian bisexual black blind brown buddhist canadian catholic
chinese christian cis cuban deaf disabled egyptian elderly ethiopian european evangelical female
feminist filipino gay german girl greek haitian heterosexual hindu hispanic homosexual immigrant indian
indigenous indonesian iranian iraqi irish islamist israeli italian jain jamaican japanese jew kenyan
korean kurd latina latino latinx lesbian lgbt lgbtq male mexican migrant millennial mormon mosque muslim
nigerian nonbinary pakistani palestinian paralyzed pole polish protestant queer refugee romani
russian sikh somali straight syrian teenage trans transgender transsexual transvestite turk turkish
ukrainian vietnamese white wheelchair woman
"""
_OTHER = """
aboriginal afghan afghans antisemitic autistic blackness catholicism chechen christianity deafness
disability elders gays girls hinduism homosexuality islam islamic jewish judaism kurdish lgbtqia
married men middleaged muslims nonbinary older semitic spanish swedish teenager teenagers whiteness
women younger zionist zionists
"""

TERMS = frozenset([*_OTHER.split(), *_WITH_PLURAL.split(), *(word + "s" for word in _WITH_PLURAL.split())])
DIGEST = hashlib.sha256(" ".join(sorted(TERMS)).encode()).hexdigest()


def mask(normalised: str) -> str:
    """Return a normalised text with each identity term replaced by one token.

    >>> mask("my gay uncle likes jazz")
    'my identityterm uncle likes jazz'
    """
    words = normalised.split(" ")
    if TERMS.isdisjoint(words):
        return normalised
    return " ".join(MASK if word in TERMS else word for word in words)
