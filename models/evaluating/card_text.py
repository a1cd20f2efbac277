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
all-MiniLM-L6-v2, fine-tuned for {epochs} epochs, stored with 8-bit weights, run on the processor. It reads
the beginning and the end of a comment, {first} word pieces and {last}. It has an output for each
attribute, and further ones for what other sources call toxic.

**The join**: from what the fast reader saw, a router guesses the log-odds that a careful reading would give
each attribute. Where the guess for TOXICITY lies from {low:.2f} to {high:.2f}, the careful reader reads the
comment too, and one logistic regression an attribute over the outputs of both decides. For all other comments
the guess stands. Without the libraries of the careful reader, or when time is short, the fast reader decides
alone and says that it was unsure. All are calibrated at the same stated share.

**Long texts**: in more than {long} characters one bad sentence is lost among civil ones. So the fast reader
looks for the {worst} worst sentences, the careful one reads those that may matter, and an attribute's
log-odds are at least those of the worst less {less} (for THREAT, less nothing: it is one wherever it stands).
Spam is judged as a whole. Evaluations made before this came, that of the shipped model among them, are of
whole texts: of 218 civil development comments above 1,000 characters .03 were held then and .07 now, of 97
toxic ones .76 and .84.
"""

INTENDED = """
**Identity terms** (a hand-written list, `models/reading/identity_terms.json`) look all the same to the model,
except to the fast reader's IDENTITY_ATTACK: naming one group should not weigh more than naming another.

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
- Comments that name a group still score higher than others do, most for IDENTITY_ATTACK.
- Profanity without a target scores high for TOXICITY.
- Severe toxicity, threats and identity attacks have few positive examples. Mind their intervals.
- Most training comments are from Wikipedia talk, tweets and forums; few are civil news comments. Expect
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
)

DATA_END = """
Labels and texts as described by their publishers. The model holds weights, no text. The fast reader learnt
severe toxicity, insult, profanity and threat from the Jigsaw rows and our own sentences alone. Copies of
comments with disguised words (`models/texts/obfuscation.py`) were learnt from too. Not used: any public test
set, any output of Perspective.
"""
