"""The words of the model card that do not depend on a figure. Braces are filled in by `card`."""

INTRODUCTION = (
    "{kind} for comments in English, with {betas} in beta. Written by `python -m models.evaluating.card` from"
    " the model's own files; edit `card.py` and `card_text.py` in `models/evaluating/`, not this page."
)

ABOUT = """
## What it is for

To decide which comments a moderator should see first, and to show which words weigh. It must not decide
about people, and a comment it finds harmless may still be cruel.

- **Input**: plain text, of which the first {chars:,} characters are read. **Output**: for each attribute a
  probability in [0, 1], calibrated for a site where {prior:.0%} of comments have any of the six properties;
  another share can be told when the model is loaded. Scores are not Perspective's.
- **Attributes**: {attributes}.
- **Languages**: English. {beta_sentence}Other languages are
  detected (`models/reading/language.py`) and marked unsupported, which sends them to a person.
- **SEXUALLY_EXPLICIT**: not supported. We found no data for it that may lawfully be used.
- **SPAM**: {spam}
"""

FAST_ALONE = """
## How it reads

The **fast reader** hashes words, pairs of words and pieces of words, and sums a weight for each: linear
support vector machines weighted by naive Bayes, 8-bit weights, Platt calibration after rounding. It knows
words, not meaning. This model has no careful reader.
"""

CAREFUL = """
## How it reads

The **fast reader** hashes words, pairs of words and pieces of words, and sums a weight for each: linear
support vector machines weighted by naive Bayes, 8-bit weights. It reads every comment.

The **careful reader** is a small transformer: six layers, 384 wide, its first weights those of
all-MiniLM-L6-v2, stored with 8-bit weights, run on the processor. It reads the beginning and the end of a
comment, {first} word pieces and {last}; emoji and flags by their names; for the names of groups a stand-in.
It has an output for each attribute, and further ones for what other sources call toxic.

**How it was taught** in three courses. The first: two epochs of the comments listed below. The second went on
from its rounded weights: one pass over about 49,000 lessons drawn anew (seed 0, rates 5e-5 and 2e-4, the
embeddings and the first two layers as they were, 36 minutes on two processor cores without 16-bit floats;
mean loss from .81 to .64), half of them from conversations. The third went on from there: 54,304 lessons
(seed 1, the embeddings alone as they were, some 45 minutes of two such cores; mean loss from .69 to .67, so
more of the same will bring little), more of them from conversations. Of its weights and those before it the
mean was taken, four parts to one. In both the weights of the main output are such that three tenths are on
toxic texts at every length, whether a group is named or not; texts of either kind carry emoji; a bad sentence
is put into civil texts, and a civil one too; and short sentences of our own say what people are and what
people say.

**The join**: one logistic regression an attribute over the outputs of both readers, whether a group is
named, and the length. What a reader says can only raise an attribute. It was fitted on comments of several
worlds. For TOXICITY the naming of a group counts so much that of civil conversation as many comments are
held with a name in them as without.

**Care**: both readers read everything while there is time. When more comments wait than can be read so, a
router guesses from what the fast reader saw how a careful reading would end. Where the guess for TOXICITY
lies from {low:.2f} to {high:.2f} the comment is still read carefully; else the guess stands. Without
the libraries of the careful reader, or out of time, the fast reader decides alone and says that it was
unsure. All are calibrated at the same stated share, for a conversation.

**Long texts**: in more than {long} characters one bad sentence is lost among civil ones. So the fast reader
looks for the {worst} worst sentences, and an attribute's log-odds are the mean of those of the whole and of
the worst of them, or those of the worst less {less} if that is more (for THREAT, less nothing: it is one
wherever it stands). Spam is judged as a whole.
"""

INTENDED = """
**Identity terms** (a hand-written list, `models/reading/identity_terms.json`) look all the same to the model,
except to the fast reader's IDENTITY_ATTACK: naming one group should not weigh more than naming another. Words
that as often name none (man, woman, young, a black car) the careful reader sees as they are.

**Training again** on the same data (seed {seed}) with the same library versions, kind of processor and
number of threads gives the same bytes.
"""

FLATTERED = """
## Figures

Measured on development comments, none of which a reader learnt from. But the thresholds, the calibration
{join}were fitted on the same comments, and the settings of training were chosen on them. So **all figures are
somewhat flattered**, calibration error and false alarms most. `parley evaluate --data DEV` measures them
again; `--html FILE` draws them. Numbers in brackets are 95 % bootstrap intervals, from {resamples} resamples.

AUC: area under the ROC curve. AP: average precision. ECE: expected calibration error. *Recall* and *false
alarms* are the shares of comments with and without the property that reach the review threshold.
"""

KNOWN_FAILURES = """
## Known failures

- Irony, contempt in civil words and threats in a roundabout way are missed. Negation, quotation and idioms
  ("I hate Mondays") raise false alarms. The suites above show how often.
- Of comments that name a group more are held for IDENTITY_ATTACK; for TOXICITY as many as of others, at the
  price of some attacks on groups in civil words.
- Profanity without a target still scores higher for TOXICITY than the same without it.
- Severe toxicity, threats and identity attacks have few positive examples. Mind their intervals.
- Most training comments are from Wikipedia talk, Reddit, tweets and forums; few are news comments. Expect
  weaker results on a news site, and look at its own queue before trusting a threshold.
- Misspellings beyond what `models/reading/normalise.py` undoes, such as reversed words, hide words well.
- A long text still dilutes a bad sentence, which counts for less there than alone. What is lost is mostly
  mildly toxic, or has no full stops around it. In the languages in beta, and in a model without a careful
  reader, nothing makes up for it.
- The beta languages were learnt from one or two sources each. Their readers know little outside those.
"""

BASE = """
The careful reader starts from **all-MiniLM-L6-v2** (Apache-2.0), by Nils Reimers and the authors of
sentence-transformers, itself made from **MiniLM** by Microsoft (nreimers/MiniLM-L6-H384-uncased). Its
word-piece vocabulary is that of **BERT uncased** (Apache-2.0) by Google. Both come from these publishers; no
word of it was taken from the training texts.
"""

# Sources, what they are, licence, attribution, what was learnt from them.
DATA = (
    (
        "jigsaw2018_train, jigsaw2018_train_lowercased, wikipedia_lowercased_ak",
        "Wikipedia talk comments",
        "labels CC0; text CC BY-SA 3.0",
        "Jigsaw / Conversation AI, Toxic Comment Classification Challenge 2018; Wikipedia contributors",
        "all attributes (the last: TOXICITY)",
    ),
    (
        "wikipedia_context_gc, wikipedia_context_gn",
        "Wikipedia talk comments",
        "repository Apache-2.0; text CC BY-SA",
        "CAT_LARGE; Wikipedia contributors",
        "TOXICITY",
    ),
    ("civilcomments_toxicspans", "news comments", "CC0", "Civil Comments, toxic spans", "TOXICITY"),
    ("foxnews_comments", "news comments", "MIT", "Fox News comments", "TOXICITY, IDENTITY_ATTACK"),
    ("hatexplain_normalised", "posts", "MIT", "HateXplain", "TOXICITY"),
    ("latent_hatred", "posts", "MIT", "Latent Hatred", "TOXICITY, IDENTITY_ATTACK"),
    ("stormfront_vicomtech", "forum sentences", "CC BY-SA 3.0 ES", "Vicomtech", "TOXICITY, IDENTITY_ATTACK"),
    ("hatemoji_build", "short texts with emoji", "CC BY 4.0", "HatemojiBuild", "TOXICITY, IDENTITY_ATTACK"),
    (
        "davidson2017_tweets",
        "tweets",
        "MIT",
        "Davidson and others 2017, Automated Hate Speech Detection and the Problem of Offensive Language",
        "an output of its own of the careful reader; nothing of the fast one",
    ),
    (
        "cad_reddit",
        "Reddit conversations",
        "CC BY 4.0",
        "Contextual Abuse Dataset, Vidgen and others 2021",
        "TOXICITY, IDENTITY_ATTACK, INSULT",
    ),
    (
        "toxigen_annotated",
        "sentences about groups, written by a machine and rated by people",
        "CDLA-Permissive-2.0",
        "ToxiGen, Microsoft",
        "TOXICITY, IDENTITY_ATTACK",
    ),
    ("goemotions", "short Reddit comments", "Apache-2.0", "GoEmotions, Google", "what kind comments are"),
    ("edos", "posts", "CC0 1.0", "EDOS, Explainable Detection of Online Sexism", "TOXICITY, THREAT"),
    ("reddit_misogyny", "Reddit posts", "MIT", "Reddit misogyny, Guest and others 2021", "TOXICITY"),
    ("convabuse", "said to chatbots", "CC BY 4.0", "ConvAbuse, Cercas Curry and others 2021", "TOXICITY"),
    ("github_incivility", "issue comments", "MIT", "Incivility on GitHub", "TOXICITY, INSULT"),
    ("youtube_spam_uci", "comments on videos", "CC BY 4.0", "UCI, YouTube Spam Collection", "SPAM"),
    ("germeval2018_train", "German tweets", "CC BY 4.0", "GermEval 2018", "German"),
    ("toldbr_tweets", "Brazilian tweets", "CC BY-SA 4.0", "ToLD-Br", "Portuguese"),
    (
        "kocohub_news_train, kmhas_news_valid",
        "Korean news comments",
        "CC BY-SA 4.0",
        "KOCO; K-MHaS",
        "Korean",
    ),
    ("templates", "sentences made by a grammar", "as this project", "this project", "all attributes"),
    ("scams", "spam and its like, made by a grammar", "as this project", "this project", "SPAM"),
)

DATA_END = """
Labels and texts as described by their publishers. The model holds weights, no text. The fast reader learnt
severe toxicity, insult, profanity and threat from the Jigsaw rows and our own sentences alone. Copies of
comments with disguised words (`models/texts/obfuscation.py`) were learnt from too. Not used: any public test
set, any output of Perspective.
"""
