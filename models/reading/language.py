"""Which language a text is in, and whether a model may judge it.

The promise is that a comment in a language the model was not trained on goes to a person. Short texts are
the hard part: "lol nice" is no evidence of any language, and calling it foreign would send every second
short comment to a moderator. So there are three answers:

- supported: clearly English, or Latin letters without evidence of another language, or no letters at all
  ("+1", an emoji). Where it is not clearly English, the code is ``und``.
- unsupported: letters mostly of another script, or evidence of another language: words of it that
  English lacks, or the opinion of py3langid, surer the shorter the text is.

Below `FEW` words a text is no evidence of a language at all: it counts as written in that of the talk around
it ("Merci beaucoup!", "Ha!"). Two things stay: letters of another script, which the reader cannot read, and
words that are vile elsewhere, which it does not know. What is no word ("100%", hearts) is not counted as one.

English evidence is counted first, by common words; it settles nearly all English comments in microseconds.
py3langid (0.7 s to load, about 0.1 ms a text) is asked only about the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache
from typing import Any

import regex

from models.reading.normalise import normalise

Opinion = list[tuple[str, float]]

CHARS_READ = 1_000  # enough to know a language by
# Share of words that are common English ones. In English of 12 words and more its median is 0.48, and one
# text in twenty is below 0.24.
ENGLISH_ENOUGH = 0.18
FOREIGN_LETTERS = 0.2  # share of letters of another script that makes a text foreign ...
FOREIGN_LETTERS_IN_ALL = 30  # ... and their number: a foreign sentence may hide in a long English text
WALL = 50  # signs without a word among them, such as emoji; more than anybody means by them
FEW = 3  # words; below, a text tells nothing of its language
SHORT = 6  # words; below, py3langid says too much and must be rather sure
# Its probability then; 22 of 983 English comments of 3 to 5 words reach it for another language.
SURE_WHEN_SHORT = 0.35
SURE_OF_SCRIPT = 0.5  # and in another script; below, it guesses among the languages that are written so
LIKELY = 0.1  # its probability for a further language of a text, from which on it is worth a mention
NOT_ENGLISH = 0.05  # its probability for English in longer texts, above which we do not call them foreign

# Common English words, as normalised.
_COMMON_ENGLISH = """
the and you that it this with for not have are is be but they what your all there just like about from can if
who get know think people dont its im would one when how more why because their them he she his her we our us
my me was were been has had do does did of to in as at by or an so than then will some could should only even
out up down other which into over after before where these those also any good great right never always really
very much many most too well off own same here again still thanks thank please yes nice wow lol agree wrong
love hate stupid idiot shut fuck shit ass bitch make makes made want need say said says see look go going got
gonna time way work world year years day every thing things something nothing anyone everyone someone nobody
cant isnt doesnt thats youre ive article comment point man guy guys first best better bad last next new old
little big
"""
# Of these, some are words elsewhere too: they count, but prove nothing alone.
_SHARED = """
in an so was us me all my to as at he do by or we man her of is best over old will first has it had made big
most last wow lol
"""
# Common words of other languages that English lacks.
_FOREIGN = {
    "de": """
        der das und ist nicht ich du ein eine den dem mit auf für auch sich wie aber bist sind wir ihr dich
        mich kein keine nur noch wenn oder haben hat wird war zu von sie es dass wer schon mal immer dumm
        dumme halt fresse scheiße arsch hurensohn arschloch schön danke bitte ja nein
        """,
    "fr": """
        le les des une est et que qui dans pas par vous nous je tu il elle sur avec ce cette mais sont ont
        plus être fait tout c'est j'ai va te toi moi ça très merci bonjour oui merde putain connard salope
        foutre gueule
        """,
    "es": """
        el los las una es y que en por con para como pero está eres muy más esto eso tu su mi yo usted hay
        todo bien cuando porque gracias hola mierda puta puto pendejo cabrón idiota estúpido tonto hijo madre
        """,
    "pt": """
        os as um uma é e que em por com para como mas não você muito mais isso seu sua meu minha eu tem ser
        foi esse essa quando porque obrigado merda puta caralho porra idiota burro vai tomar cu filho
        """,
    "it": """
        il lo gli una è e che di non per con come ma sono sei molto più questo questa tuo mio io anche della
        del nel hai ha perché grazie ciao merda cazzo stronzo puttana vaffanculo
        """,
    "nl": """
        de het een en is niet ik jij je van dat op te zijn met voor maar ook aan wat heb bent geen deze nog
        wel dit hij ze wij kut lul klootzak hoer dank
        """,
    "pl": """
        nie jest to na się że do jak ale co ty ja tak po za czy być jestem dla kurwa chuj idiota dziękuję
        """,
    "sv": "och det är att en som på för av med inte jag du han har de den till om så men jävla fan tack",
    "da": "og det er at en som på for af med ikke jeg du han har de den til om så men tak",
    "tr": "ve bir bu da de için çok ne ben sen o var yok ama gibi mi değil amk orospu siktir teşekkürler",
    "ro": "și este nu în la cu pe un o ce mai sunt ești pentru dar asta mulțumesc",
    "id": "yang dan di ini itu tidak aku kamu saya ada untuk dengan bisa anjing bodoh terima kasih",
}
# Words that are vile in another language and none in English. They count in texts of a few words only, where
# nothing else tells that the fast and the careful reader do not understand what they read.
_VILE_ELSEWHERE = {
    "de": """
        arsch arschloch arschlöcher hurensohn hure hurenkind fotze fresse scheiße scheiss wichser wixer
        fick ficken fickt gefickt ficker schwein drecksau dreckschwein miststück schlampe nutte missgeburt
        spast spasti schwuchtel schwuchteln kanake kanaken neger untermensch untermenschen dumm dumme
        dummer dummkopf vollidiot pisser mistkerl abschaum vergasen verrecke verreck krepier
        """,
    "fr": """
        merde putain pute putes connard connards connasse salope salopes salaud foutre gueule nique niquer
        ntm enculé enculés enculer bâtard bâtards pédé pédés tapette bougnoule bougnoules nègre nègres
        youpin ordure raclure crève crevez débile bouffon branleur chienne
        """,
    "es": """
        mierda puta puto putas putos pendejo pendeja cabrón cabrona gilipollas coño culero culo verga
        chinga chingada chingas maricón maricones marica zorra perra joto mamón imbécil estúpido estúpida
        tonto basura hijueputa malparido sudaca negrata muérete
        """,
    "pt": """
        merda puta caralho porra viado viados arrombado desgraçado desgraçada filhadaputa fdp vagabunda
        vagabundo buceta bosta babaca otário macaco cuzão
        """,
    "it": """
        merda cazzo stronzo stronza stronzi puttana puttane vaffanculo coglione coglioni troia zoccola
        frocio froci bastardo terrone zingaro culattone
        """,
    "nl": "kut klootzak hoer hoeren kanker tering tyfus mongool flikker kankerlijer oprotten neger nikker",
    "pl": """
        kurwa kurwy chuj chuja spierdalaj wypierdalaj jebać jebany pierdol pierdolony skurwysyn pedał
        pedały cwel szmata suka pizda ciota zdychaj
        """,
    "ru": "suka blyat blyad cyka pidor pidoras pidaras nahui nahuy mudak hohol yebat ebat gandon",
    "sv": "jävla jävlar kuk fitta slyna blatte kärring",
    "da": "luder kælling fisse møgsvin perker perkere",
    "tr": "amk orospu orospuçocuğu siktir sikik sikerim yarrak ibne amına ananı gavat pezevenk",
    "ro": "muie pula pizda curva târfă poponar țigan jidan",
    "id": "anjing bangsat kontol memek ngentot jancok goblok tolol bodoh pelacur",
}
# English words, some of them rare or foreign in origin, that are spelt like one above.
_ENGLISH_TOO = """
hat war halt les des pas sur plus sent pour tout fait las los con como hay todo son per come sei van dan
den dem men fan tack til om ben sen var este la un for on que est die dit kind het gift bin mit en et el il
am ada
"""


def _plain(words: str) -> frozenset[str]:
    return frozenset(word for word in normalise(words).split() if len(word) > 1)


_ENGLISH = frozenset(_COMMON_ENGLISH.split())
# To py3langid much informal English is Nigerian Pidgin, and what is no language is one of its own.
_NO_OPINION = frozenset({"pcm", "zxx"})
_PROOF = _ENGLISH - frozenset(_SHARED.split())
_WORDS_OF = {
    code: _plain(words) - _ENGLISH - frozenset(_ENGLISH_TOO.split()) for code, words in _FOREIGN.items()
}
_ELSEWHERE: frozenset[str] = frozenset().union(*_WORDS_OF.values())
_VILE = {
    code: _plain(words) - _ENGLISH - frozenset(_ENGLISH_TOO.split())
    for code, words in _VILE_ELSEWHERE.items()
}
_ALL_VILE: frozenset[str] = frozenset().union(*_VILE.values())
_OTHER_SCRIPT = regex.compile(r"(?V1)[\p{L}--\p{Script=Latin}]")


def detect(
    text: str, normalised: str | None = None, supported: Set[str] = frozenset({"en"})
) -> tuple[str, bool]:
    """Return a text's language and whether it is a supported one.

    Parameters
    ----------
    text : str
        As typed; any string.
    normalised : str, optional
        `models.reading.normalise.normalise` of it, if at hand.
    supported : set of str
        ISO 639 codes.

    Returns
    -------
    code : str
        ISO 639 code, or ``und``.
    is_supported : bool
        True for ``und`` without evidence of another language; see the module's text.

    >>> detect("What do you think of it?")
    ('en', True)
    >>> detect("lol +1"), detect("Привет всем")[1]
    (('und', True), False)
    >>> detect("Merci beaucoup!"), detect("Putain!")
    (('und', True), ('fr', False))
    """
    codes, is_supported = detect_several(text, normalised, supported)
    return codes[0], is_supported


def detect_several(
    text: str, normalised: str | None = None, supported: Set[str] = frozenset({"en"})
) -> tuple[list[str], bool]:
    """Return the languages that a text may be in, and whether the first is a supported one.

    As `detect`, whose answer comes first; then, by likelihood, those that py3langid holds for `LIKELY`. Where
    it need not be asked there is one language.

    >>> detect_several("What do you think of it?")
    (['en'], True)
    >>> detect_several("salut toata lumea my friend")
    (['ro', 'en'], False)
    """
    text = text[:CHARS_READ]
    if normalised is None:
        normalised = normalise(text)
    words = normalised[:CHARS_READ].split()
    if not normalised.isascii() and _is_other_script(normalised[:CHARS_READ]):
        ranked = _opinion(text)
        code = "und" if ranked[0][0] == "en" or ranked[0][1] < SURE_OF_SCRIPT else ranked[0][0]
        return _with_likely(code, ranked), code in supported
    if _is_wall(words):
        return ["und"], False
    code, ranked = _latin_language(text, _with_letters(words), supported)
    return _with_likely(code, ranked), code in supported or code == "und"


def says_too_little(normalised: str) -> bool:
    """Whether a text has too few words to tell its language by, and none that is vile elsewhere.

    >>> says_too_little("danke"), says_too_little("halt die fresse"), says_too_little("fresse")
    (True, False, False)
    """
    signs = normalised[:CHARS_READ].split()
    words = _with_letters(signs)
    if len(words) >= FEW or not _ALL_VILE.isdisjoint(words) or _is_wall(signs):
        return False
    return normalised.isascii() or not _is_other_script(normalised[:CHARS_READ])


def _is_wall(signs: list[str]) -> bool:
    """Whether a text is a wall of signs without words: no language, and for a person to look at."""
    return len(signs) > WALL and not _with_letters(signs)


def _with_letters(words: list[str]) -> list[str]:
    return [word for word in words if any(map(str.isalpha, word))]


def _with_likely(code: str, ranked: Opinion) -> list[str]:
    return [code, *(other for other, share in ranked if share >= LIKELY and other != code)]


def _is_other_script(normalised: str) -> bool:
    other = len(_OTHER_SCRIPT.findall(normalised))
    return other > FOREIGN_LETTERS_IN_ALL or other > FOREIGN_LETTERS * sum(map(str.isalpha, normalised))


def _latin_language(text: str, words: list[str], supported: Set[str]) -> tuple[str, Opinion]:
    """Return the language, and py3langid's opinion if it was asked."""
    english = sum(word in _ENGLISH for word in words)
    if not english or _PROOF.isdisjoint(words):
        english = 0
    elsewhere = 0 if _ELSEWHERE.isdisjoint(words) else sum(word in _ELSEWHERE for word in words)
    if english > elsewhere and english >= ENGLISH_ENOUGH * len(words):
        return "en", []
    if len(words) < FEW:
        return _of_few(words, supported), []
    ranked = _opinion(text)
    code, share = ranked[0]
    if code == "en" or share >= SURE_WHEN_SHORT:
        return code, ranked
    if elsewhere > english:
        return _likeliest(_WORDS_OF, words), ranked
    is_foreign = len(words) >= SHORT and dict(ranked)["en"] < NOT_ENGLISH
    return code if is_foreign else "und", ranked


def _of_few(words: list[str], supported: Set[str]) -> str:
    """Return the language of a few words: one that is read and they are common in, or that of a vile one."""
    if not _ELSEWHERE.isdisjoint(words) and (code := _likeliest(_WORDS_OF, words)) in supported:
        return code
    return "und" if _ALL_VILE.isdisjoint(words) else _likeliest(_VILE, words)


def _likeliest(known: Mapping[str, frozenset[str]], words: list[str]) -> str:
    return max(known, key=lambda code: sum(word in known[code] for word in words))


def _opinion(text: str) -> Opinion:
    """Return py3langid's languages with their probabilities, the likeliest first."""
    ranked = _identifier().rank(text.encode("utf-8", "ignore").decode())
    return [(str(code), float(share)) for code, share in ranked if code not in _NO_OPINION]


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
