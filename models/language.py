"""Which language a text is in, and whether a model may judge it.

The promise is that a comment in a language the model was not trained on goes to a person. Short texts are
the hard part: "lol nice" is no evidence of any language, and calling it foreign would send every second
short comment to a moderator. So there are three answers:

- supported: clearly English, or Latin letters without evidence of another language, or no letters at all
  ("+1", an emoji). Where it is not clearly English, the code is ``und``.
- unsupported: letters mostly of another script, or evidence of another language: words of it that
  English lacks, or the opinion of py3langid, surer the shorter the text is.

English evidence is counted first, by common words; it settles nearly all English comments in microseconds.
py3langid (0.7 s to load, about 0.1 ms a text) is asked only about the rest.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import cache
from typing import Any

import regex

CHARS_READ = 1_000  # enough to know a language by
ENGLISH_ENOUGH = 0.18  # share of words that are common English ones; running English has 0.4 to 0.6
ASK_FROM = 3  # words; fewer say nothing to py3langid

# Common English words that are not common words of another language written in Latin letters.
_ENGLISH = frozenset(
    """
    the and you that it this with for not have are is be but they what your all there just like about
    from can if who get know think people don't it's i'm would one when how more why because their them
    he she his her we our us my me was were been has had do does did of to in as at by or an so than then
    will some could should only even out up down other which into over after before where these those also
    any good great right never always really very much many most too well off own same here again still
    thanks thank please yes nice wow lol agree wrong love hate stupid idiot shut fuck shit ass bitch make
    makes made want need say said says see look go going got gonna time way work world year years day
    every thing things something nothing anyone everyone someone nobody im dont cant isnt doesnt thats youre
    ive article comment point man guy guys first best better bad last next new old little big
    """.split()
)
# Of these, some are also words elsewhere ("me", "so", "an", "was"): they count, but prove nothing alone.
_SHARED = frozenset(
    "in an so was us me all my to as at he do by or we man her of is best over we old dem will first has it "
    "has had made big most last wow lol".split()
)
# Common words of other languages that English lacks.
_FOREIGN = {
    "de": "der das und ist nicht ich du ein eine den dem mit auf für auch sich wie aber bist sind wir ihr "
    "dich mich kein keine nur noch wenn oder haben hat wird war zu von sie es dass wer schon mal immer "
    "dumm dumme halt fresse scheiße arsch hurensohn arschloch schön danke bitte ja nein",
    "fr": "le les des une est et que qui dans pas pour vous nous je tu il elle sur avec ce cette mais sont "
    "ont plus être fait tout c'est j'ai va te toi moi ça très merci bonjour oui merde putain connard salope foutre gueule",
    "es": "el los las una es y que en por con para como pero está eres muy más esto eso tu su mi yo usted "
    "hay todo bien cuando porque gracias hola mierda puta puto pendejo cabrón idiota estúpido tonto hijo madre",
    "pt": "o os as um uma é e que em por com para como mas não você muito mais isso seu sua meu minha eu "
    "tem ser foi esse essa quando porque obrigado merda puta caralho porra idiota burro vai tomar cu filho",
    "it": "il lo gli una è e che di non per con come ma sono sei molto più questo questa tuo mio io anche "
    "della del nel hai ha perché grazie ciao merda cazzo stronzo puttana vaffanculo",
    "nl": "de het een en is niet ik jij je van dat op te zijn met voor maar ook aan wat heb bent geen deze "
    "nog wel dit hij ze wij kut lul klootzak hoer dank",
    "pl": "i w nie jest to na się że z do jak ale co ty ja tak po za czy być jestem dla kurwa chuj idiota dziękuję",
    "sv": "och det är att en som på för av med inte jag du han har de den till om så men jävla fan tack",
    "da": "og det er at en som på for af med ikke jeg du han har de den til om så men tak",
    "tr": "ve bir bu da de için çok ne ben sen o var yok ama gibi mi değil amk orospu siktir teşekkürler",
    "ro": "și este nu în la cu pe un o ce mai sunt ești pentru dar asta mulțumesc",
    "id": "yang dan di ini itu tidak aku kamu saya ada untuk dengan bisa anjing bodoh terima kasih",
}
