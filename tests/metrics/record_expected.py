#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records in expected_scores.json what sacreBLEU and rouge-score say about the sentences below.

SQuAD's scores, of which there is no package, are worked out here as its evaluation script of version 2.0 does.
The C++ tests in src/metrics read that file; this script only runs again when sentences are added:

    python3 -m venv build/venv-metrics
    build/venv-metrics/bin/pip install sacrebleu==2.6.0 rouge-score==0.1.2 nltk==3.10.4
    build/venv-metrics/bin/python tests/metrics/record_expected.py
"""

import collections
import importlib.metadata
import itertools
import json
import pathlib
import random
import re
import string

import nltk.stem.porter
import sacrebleu.metrics
import sacrebleu.metrics.bleu
import sacrebleu.significance
import rouge_score.rouge_scorer
import rouge_score.tokenize

TOKENIZERS = ["13a", "zh", "intl", "char", "none"]

# name -> (hypotheses, reference sets)
CORPORA = {
    "english": (
        [
            "The cat sat quietly on the old mat .",
            "She paid $1,000.50 for 3-4 tickets, didn't she?",
            "A state-of-the-art machine was built in 1998.",
            "He said \"good morning\" and left the room at 7:30 p.m.",
            "nobody expected THIS result -- not even the authors",
            "Rain.",
            "",
            "It costs 5% more than in 2019-2020, i.e. about €12.",
        ],
        [[
            "The cat was sitting quietly on the old mat.",
            "She paid $1,000.50 for three or four tickets, didn't she?",
            "A state-of-the-art engine was built in 1998.",
            "He said, \"Good morning\", and left the room at 7:30 p.m.",
            "Nobody expected this result - not even its authors.",
            "Rain.",
            "This line has no translation.",
            "It costs 5 % more than in 2019-2020, i.e. about 12 €.",
        ]],
    ),
    "entities": (
        [
            "&quot;Fish &amp; chips&quot; costs &lt; 10 pounds &gt; 5.",
            "A &amp;quot; stays half escaped, and &amp;lt; does not.",
            "<skipped> words here <ski<skipped>pped> and there",
            "under_scores, back\\slashes, [brackets] {braces} ~tilde~ `ticks` ^ |",
            "mail me@example.org or see http://example.org/a-b_c?d=1&e=2.",
            "1.5, 2,5 ,3 4. .5 6-7 -8 9- a.b a,b .. ,, .,",
        ],
        [[
            "\"Fish & chips\" costs < 10 pounds > 5.",
            "A &quot; stays half escaped, and < does not.",
            "words here and there",
            "under_scores, back\\slashes, [brackets] {braces} ~tilde~ `ticks` ^ |",
            "Mail me@example.org or see http://example.org/a-b_c?d=1&e=2 .",
            "1.5, 2,5, 3 4. .5 6-7 -8 9- a.b a,b .. ,, .,",
        ]],
    ),
    "german": (
        [
            "Der Bäcker öffnet täglich um 6.30 Uhr seine Tür.",
            "„Größe ist nicht alles“, sagte die Ärztin.",
            "Das kostet 1.234,56 € – oder etwa nicht?",
            "ÜBERMUT TUT SELTEN GUT",
            "Die Straßenbahn fährt über die Brücke zum Hauptbahnhof",
        ],
        [[
            "Der Bäcker macht jeden Tag um 6.30 Uhr seine Türe auf.",
            "»Größe ist nicht alles«, sagte die Ärztin.",
            "Das kostet 1.234,56 €, oder etwa nicht?",
            "Übermut tut selten gut.",
            "Die Straßenbahn fährt über eine Brücke zum Hauptbahnhof.",
        ]],
    ),
    "chinese": (
        [
            "我昨天买了两本书，一共３５元。",
            "他说：“明天会下雨吗？”",
            "这个GPU的价格是1,299.00美元，太贵了！",
            "我们在 COVID-19 期间 学习 Python3.11。",
            "北京——中国的首都…",
            "𠮷野家在二〇二六年开了分店 ➜ ☂ ①",
            "好",
            "",
        ],
        [[
            "我昨天买了两本书，共35元。",
            "他问：「明天会不会下雨？」",
            "这块GPU的售价为1,299.00美元，太贵了!",
            "我们在COVID-19期间学习了Python 3.11。",
            "北京——中国首都……",
            "𠮷野家于二〇二六年开设分店 ➜ ☂ ①",
            "好的",
            "这一行没有译文。",
        ]],
    ),
    "emoji_and_spaces": (
        [
            "I ❤️ pizza 🍕🍕 and 👩‍👩‍👧 families 👍🏽!",
            "a\u00a0no-break\u2003em\u3000wide space\u200bzero  width\tand tab ",
            "İstanbul ǅungla ẞ ΟΔΟΣ ΣΑΣ Σ ŉ ﬁn",
            "½ + ¾ = 1¼ ² ⅷ ٣٫٥ x²",
            "carriage return\r",
            "«¿Qué?» ¡no! ‚x‘ ‹y› …",
            "e\u0301 versus é; हिन्दी, عربي؟ ไทย",
        ],
        [[
            "I love pizza 🍕 and 👩‍👩‍👧 families 👍🏽!",
            "a no-break em wide space\u200bzero width and tab",
            "i̇stanbul ǆungla ß οδος σας σ ʼn fin",
            "½ + ¾ = 1¼ ² ⅷ ٣٫٥ x ²",
            "carriage return",
            "\"¿Qué?\" ¡no! 'x' 'y' ...",
            "é versus é; हिन्दी, عربي؟ ไทย",
        ]],
    ),
    "identical": (
        ["The same words in the same order.", "Noch einmal dasselbe, bitte!", "完全一样的句子。"],
        [["The same words in the same order.", "Noch einmal dasselbe, bitte!", "完全一样的句子。"]],
    ),
    "very_short": (["yes", "no way", "one two", "好"], [["yes", "no", "one two three", "好"]]),
    "no_four_grams_match": (
        ["alpha beta gamma delta epsilon", "one two three four five"],
        [["alpha beta delta gamma epsilon", "one three two five four"]],
    ),
    "nothing_matches": (["alpha beta gamma delta"], [["one two three four"]]),
    "all_empty": (["", " "], [["some reference", "another one"]]),
    "everything_empty": (["", ""], [["", ""]]),
    "empty_reference": (["some words", "the rest is fine here"], [["", "the rest is fine here"]]),
    "two_references": (
        [
            "the the the the quick fox",
            "The meeting starts at nine o'clock tomorrow.",
            "It is raining cats and dogs",
            "",
        ],
        [
            [
                "The quick fox jumps over the fence.",
                "The meeting begins tomorrow at nine.",
                "It rains a lot.",
                "Something.",
            ],
            [
                "A quick brown fox is the animal that jumps over the very high fence.",
                "Tomorrow's meeting starts at nine o'clock sharp.",
                "It is raining heavily",
                "",
            ],
        ],
    ),
    "tied_references": (  # ROUGE-1 F1 of both is 2/5 or 1/3 but for rounding, which decides whose recall counts
        ["red green blue", "red green blue", "five words in all here", "five words in all here"],
        [
            ["red house", "red green and four other things maybe", "five", "all five of us are rather tired"],
            ["red green and four other things maybe", "red house", "all five of us are rather tired", "five"],
        ],
    ),
    "summaries": (
        [
            "Learning to translate with deep neural networks",
            "A study of connected connections: connecting the connective",
            "generalizations of relational databases happily applied",
            "Attention-based summarization, revisited (again)",
            "naïve café résumé Übung",
            "dogs dog dog's DOGS 42 4-2",
        ],
        [[
            "Deep neural networks that learn to translate",
            "Studies on the connectedness of connections",
            "a generalized relation database application, happy users",
            "Revisiting attention based summarizers",
            "naive cafe resume Ubung",
            "the dog and 42 dogs",
        ]],
    ),
}

NOUNS = ("captain harbour lantern river market window garden winter letter teacher bridge engine island forest "
         "kitchen painter village doctor station orchard").split()
VERBS = "sees paints repairs crosses forgets sells opens keeps follows describes visits remembers".split()
ADJECTIVES = "old quiet narrow bright wooden distant broken early heavy patient".split()
LINKS = "and but while because after although near behind".split()


def clause(rng):
    return ["the", rng.choice(ADJECTIVES), rng.choice(NOUNS), rng.choice(VERBS), "the", rng.choice(NOUNS)]


def sentence(rng):
    words = clause(rng)
    for _ in range(rng.randrange(3)):
        words += [rng.choice(LINKS)] + clause(rng)
    return words


def garbled(rng, words, errors):
    """The words with about that share of them substituted, left out, doubled, or moved in blocks."""
    words = list(words)
    for _ in range(rng.randrange(round(2 * errors * len(words)) + 1)):
        at = rng.randrange(len(words))
        kind = rng.randrange(4)
        if kind == 0:
            words[at] = rng.choice(NOUNS + ADJECTIVES)
        elif kind == 1 and len(words) > 1:
            del words[at]
        elif kind == 2:
            words.insert(at, words[at])
        else:
            block = words[at:at + rng.randrange(1, 5)]
            del words[at:at + len(block)]
            to = rng.randrange(len(words) + 1)
            words[to:to] = block
    return words


def written(words):
    text = " ".join(words) + "."
    return text[0].upper() + text[1:]


def rotated(words, start, length, to):
    """The words with a block of them moved."""
    block = words[start:start + length]
    rest = words[:start] + words[start + length:]
    return rest[:to] + block + rest[to:]


def shift_corpora():
    """What meets each limit of TER's search: sizes, distances, candidates, the beam."""
    rng = random.Random(1)
    many = [f"w{i}" for i in range(150)]
    few = [rng.choice(NOUNS[:4]) for _ in range(120)]
    long_sentence = [word for _ in range(12) for word in clause(rng)]
    pairs = {
        "moved_blocks": [
            (rotated(many[:40], start, length, to), many[:40])
            for start, length, to in [(0, 1, 39), (39, 1, 0), (10, 5, 20), (20, 5, 3), (5, 10, 25), (5, 11, 25),
                                      (2, 20, 10), (8, 3, 9), (30, 10, 0), (0, 20, 20)]],
        "far_moves": [(rotated(many, start, length, to), many)
                      for start, length, to in [(0, 3, 49), (0, 3, 50), (0, 3, 51), (0, 3, 52), (70, 2, 20), (70, 2, 19),
                                                (3, 8, 110), (120, 5, 10), (60, 12, 100)]],
        "many_candidates": [(few[60:] + few[:60], few), (few[::-1], few), (few, few[1::2]), (few[:50], few),
                            (["the"] * 60 + many[:20], many[:20] + ["the"] * 30)],
        "beam_misses": [(many[:60] + NOUNS, NOUNS + many[60:120]), (many[70:] + many[:70], many), (many[::-1], many),
                        (many[:5] * 20, many[:100]), (long_sentence[40:] + long_sentence[:40], long_sentence)],
        "beam_edges": [pair for k in range(23, 28) for pair in [
            (many[:60] + [f"x{i}" for i in range(k)], [f"y{i}" for i in range(k)] + many[:60]),
            ([f"x{i}" for i in range(k)] + many[:60], many[:60] + [f"y{i}" for i in range(k)])]],
        "unlike_lengths": [(many[:2], many), (["w149"], many), (many[100:102], many), (many, ["w3"]), (many, many[7:9]),
                           (many[140:] + ["x"], many * 3), ([], many[:3]), (many[:3], [])],
        "garbled": [(garbled(rng, long_sentence, share), long_sentence) for share in [0.1, 0.3, 0.5, 0.8] * 3],
        "garbled_short": [(garbled(rng, words, 0.4), words) for words in [sentence(rng) for _ in range(40)]],
    }
    for name, items in pairs.items():
        yield name, ([" ".join(h) for h, _ in items], [[" ".join(r) for _, r in items]])


CORPORA["possessives"] = (
    ["the dog's bowl's 's it's O'Brien's", "dogs' 's", "&quot;Bob&apos;s&quot; 5's 1.5's", "(a) [b] {c} 'd'", "?! ... ;"],
    [["the dogs bowl 's it 's O'Brien 's", "dogs 's", "\"Bob's\" 5 's 1.5 's", "a b c d", "? !"]],
)
CORPORA["japanese"] = (
    ["これはペンです。", "東京タワーへ行く、㍿と㈱「例」・ﾃｽﾄ｡", "ひらがな", "カタカナ", "㐀㿿䶵 ⺀ ㇀ ﷺ ︰"],
    [["それはペンです．", "東京タワーに行った，㈱と㍿『例』･テスト。", "ひらかな", "カタガナ", "㐀 㿿 䶵⺀㇀ ﷺ︰"]],
)

# Of several sentences, which line breaks part: ROUGE-Lsum.
TEXTS = {
    "sentences": (
        [
            "the cat sat on the mat.\nit was happy.\nthe dog barked at it",
            "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5",
            "one sentence only",
            "\n\n first \n\n second\n",
            "the the the\nthe the",
            "",
            "running runs\nconnected connection",
        ],
        [
            [
                "it was a happy cat.\nthe dog sat on the mat.\nno dog barked",
                "w1 w2 w3 w4 w5",
                "only one\nsentence",
                "second\nfirst",
                "the\nthe the the\nthe the the",
                "a text\nof two sentences",
                "he ran running\nconnecting connections",
            ],
            [
                "a dog barked at the happy cat",
                "w8 w9\nw5 w1 w3",
                "one\nsentence\nonly",
                "first second third",
                "the",
                "",
                "connect\nrun",
            ],
        ],
    ),
}


def longer_texts():
    rng = random.Random(2)
    references = [[sentence(rng) for _ in range(5)] for _ in range(8)]
    hypotheses = [[garbled(rng, words, 0.5) for words in rng.sample(text, 4)] for text in references]
    hypotheses, references = (["\n".join(map(" ".join, text)) for text in side] for side in (hypotheses, references))
    return hypotheses, [references]


TEXTS["longer"] = longer_texts()

ANSWERS = (
    [
        "The Eiffel Tower!", "a cat", "the", "", "in 1889, in Paris", "a–b an\u00a0apple", "État-major", "no answer",
        "The  the A an theory", "5,000", "a the", "naïve a\u0301", "他说 the 好", "x y x",
    ],
    [
        [
            "eiffel tower", "Cats", "a", "", "Paris, 1889", "b apple", "etat major", "", "theory", "5000", "", "naive \u0301",
            "他说 好", "x x x y",
        ],
        [
            "Tower of Eiffel", "an old cat", "", "", "1889", "ab", "ÉTATMAJOR", "", "theories", "5 000", "nothing", "",
            "", "y",
        ],
    ],
)


# Text with line breaks reaches a metric through its functions only, never from a file of lines.
TEXTS_TO_TOKENIZE = [
    "a hyphen-\nated word\nand a new line",
    "trailing space \u3000",
    "  leading",
    "Mr. Smith's e-mail: 3.14, .5 and 5.",
    "价格：￥１，０００．５（约$150）——“很贵”！",
    "\u2000\u2001\u2a6d\u2a6e\u2ffb\u2fe0㐀䶵䶶一龥龻龼豈﨩﨔︐︠！￯",
    "x=1;y=2|z",
    "100% §5 ©2024 ½±¾ №7 #hash @at",
    "",
]

STEM_BASES = (
    "a be by sky fly hop fil tan fall hiss fizz fail size conflat troubl agr sens digit oper rad differ vil "
    "analog vietnam predic feud decis hope call form electr triplic good reviv allow infer airlin gyroscop adjust "
    "defens irrit replac depend adopt homolog commun activ angular effect bowdler prob rat ceas control roll toy "
    "syzyg geo theo yyy bl"
).split()
STEM_SUFFIXES = (
    "s es ies ss sses ed ied eed ing ying ingly y ly ally alli fulli logi logy ational tional enci anci izer bli "
    "entli eli ousli ization ation ator alism iveness fulness ousness aliti iviti biliti icate ative alize iciti "
    "ical ful ness al ance ence er ic able ible ant ement ment ent sion tion ion ou ism ate iti ous ive ize e ll "
    "lle"
).split()
STEM_WORDS = (
    "skies sky dying lying tying news innings inning outings outing cannings canning howe proceed exceed succeed "
    "died dies ties tied spied cries cried ponies caress caresses feed freed agreed bled sing motoring plastered "
    "happy enjoy enjoyment say by aging oats trees ivy orrery yyyyy yes ying conditional rational relational "
    "valley employee geology theology archaeological hesitanci conformabli radically differently controlling "
    "hopefulness callousness covid19 3rd 42nds 1000s"
).split()


def bleu_entry(corpus, tokenize, lowercase=False, smooth="exp", value=None, effective=False):
    hypotheses, references = corpus
    metric = sacrebleu.metrics.BLEU(
        lowercase=lowercase, tokenize=tokenize, smooth_method=smooth, smooth_value=value, effective_order=effective,
        force=True)
    result = metric.corpus_score(hypotheses, references)
    return {
        "tokenize": tokenize, "lowercase": lowercase, "smooth": smooth, "smooth_value": value,
        "effective_order": effective, "score": result.score, "precisions": result.precisions, "bp": result.bp,
        "sys_len": result.sys_len, "ref_len": result.ref_len, "signature": str(metric.get_signature()),
    }


def bleu_entries(corpus):
    for tokenize, lowercase in itertools.product(TOKENIZERS, [False, True]):
        yield bleu_entry(corpus, tokenize, lowercase)
    for smooth, value in [("none", None), ("floor", None), ("floor", 0.5), ("add-k", None), ("add-k", 0.25)]:
        yield bleu_entry(corpus, "13a", smooth=smooth, value=value)
    yield bleu_entry(corpus, "13a", effective=True)


def chrf_entries(corpus):
    hypotheses, references = corpus
    for word_order, lowercase, beta, char_order in [
            (0, False, 2, 6), (0, True, 2, 6), (1, False, 2, 6), (2, False, 2, 6), (2, True, 2, 6), (0, False, 3, 4)]:
        metric = sacrebleu.metrics.CHRF(
            char_order=char_order, word_order=word_order, beta=beta, lowercase=lowercase)
        result = metric.corpus_score(hypotheses, references)
        yield {
            "char_order": char_order, "word_order": word_order, "beta": beta, "lowercase": lowercase,
            "name": result.name, "score": result.score, "signature": str(metric.get_signature()),
        }


def rouge_entries(corpus):
    hypotheses, references = corpus
    for stem in [False, True]:
        scorer = rouge_score.rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stem)
        scores = [scorer.score_multi(list(refs), hypothesis)
                  for hypothesis, refs in zip(hypotheses, zip(*references))]
        entry = {"stem": stem}
        for kind in ["rouge1", "rouge2", "rougeL"]:
            # 100 times the mean: the scale of the other metrics
            entry[kind] = [100 * sum(getattr(score[kind], field) for score in scores) / len(scores)
                           for field in ["precision", "recall", "fmeasure"]]
        yield entry


TER_FLAGS = [
    {}, {"case_sensitive": True}, {"normalized": True}, {"no_punct": True},
    {"normalized": True, "no_punct": True, "case_sensitive": True}, {"normalized": True, "asian_support": True},
    {"no_punct": True, "asian_support": True}, {"normalized": True, "no_punct": True, "asian_support": True},
]


def ter_entries(corpus, all_flags):
    hypotheses, references = corpus
    for flags in all_flags:
        metric = sacrebleu.metrics.TER(**flags)
        result = metric.corpus_score(hypotheses, references)
        yield {"flags": flags, "score": result.score, "edits": result.num_edits, "ref_len": result.ref_length,
               "signature": str(metric.get_signature())}


def rouge_lsum_entries(corpus):
    hypotheses, references = corpus
    for stem in [False, True]:
        scorer = rouge_score.rouge_scorer.RougeScorer(["rougeLsum"], use_stemmer=stem)
        scores = [scorer.score_multi(list(refs), hypothesis)["rougeLsum"]
                  for hypothesis, refs in zip(hypotheses, zip(*references))]
        yield {"stem": stem, "rougeLsum": [100 * sum(getattr(score, field) for score in scores) / len(scores)
                                           for field in ["precision", "recall", "fmeasure"]]}


def squad_words(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def squad_f1(answer, reference):
    if not answer or not reference:
        return float(answer == reference)
    same = sum((collections.Counter(answer) & collections.Counter(reference)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(answer), same / len(reference)
    return 2 * precision * recall / (precision + recall)


def squad_entry(answers, references):
    scores = []
    for answer, of_answer in zip(answers, zip(*references)):
        words = [squad_words(reference) for reference in of_answer]
        words = [reference for reference in words if reference] or [[]]
        answer = squad_words(answer)
        scores.append((max(float(answer == reference) for reference in words),
                       max(squad_f1(answer, reference) for reference in words)))
    return {"answers": answers, "references": references, "words": [squad_words(answer) for answer in answers],
            "each": scores}


def p_values(statistics, observed):
    """In the place of sacreBLEU's own: its p-value, and what that were if draws equal to the observed counted."""
    return [(int((statistics > bound).sum()) + 1) / (len(statistics) + 1) for bound in (observed, observed - 1e-9)]


def significance_entry():
    """Three systems of unlike quality, and what sacreBLEU says of the second and third against the first.

    With more draws than by default: its random numbers are others than ours, and p-values of 1,000 draws are off by
    0.012 as often as not.
    """
    sacrebleu.significance._compute_p_value = p_values
    rng = random.Random(3)
    sentences = [sentence(rng) for _ in range(240)]
    references = [[written(words) for words in sentences]]
    systems = [[written(garbled(rng, words, errors)) for words in sentences] for errors in [0.30, 0.27, 0.21]]
    entry = {"references": references, "systems": systems}
    for test, draws in [("bs", 20000), ("ar", 40000)]:
        metrics = {name: getattr(sacrebleu.metrics, name)() for name in ["BLEU", "CHRF", "TER"]}
        named = [(str(i), system) for i, system in enumerate(systems)]
        signatures, scores = sacrebleu.significance.PairedTest(
            named, metrics, references, test_type=test, n_samples=draws, n_ar_confidence=1000 if test == "ar" else -1)()
        entry[test + "_draws"] = draws
        entry[test] = {
            name: [{"score": r.score, "p_values": r.p_value, "mean": float(r.mean), "ci": float(r.ci)} for r in results]
            for name, results in scores.items() if name != "System"}
        entry[test + "_signatures"] = {name: str(signature) for name, signature in signatures.items()}
    return entry


def tokenized(text):
    result = {"text": text}
    for name in TOKENIZERS:
        tokenizer = sacrebleu.metrics.bleu._get_tokenizer(name)()
        result[name] = tokenizer(text.rstrip()).split()
    return result


def stems():
    """One object per base: its words with their stems."""
    stemmer = nltk.stem.porter.PorterStemmer()
    yield {word: stemmer.stem(word) for word in STEM_WORDS}
    for base in STEM_BASES:
        yield {base + suffix: stemmer.stem(base + suffix) for suffix in ["", *STEM_SUFFIXES]}


def to_json(value):
    """JSON with a line of its own for everything that fits into 4,000 characters."""
    line = json.dumps(value, ensure_ascii=True)
    if len(line) <= 4000 or not isinstance(value, (dict, list)):
        return line
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {to_json(item)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n}"
    return "[\n" + ",\n".join(to_json(item) for item in value) + "\n]"


def main():
    expected = {
        "recorded_with": {name: importlib.metadata.version(name) for name in ["sacrebleu", "rouge-score", "nltk"]},
        "stems": list(stems()),
        "tokenized": [tokenized(text) for text in
                      TEXTS_TO_TOKENIZE + [line for hypotheses, _ in CORPORA.values() for line in hypotheses]],
        "corpora": [
            {
                "name": name, "hypotheses": corpus[0], "references": corpus[1], "bleu": list(bleu_entries(corpus)),
                "chrf": list(chrf_entries(corpus)), "rouge": list(rouge_entries(corpus)),
                "rouge_lsum": list(rouge_lsum_entries(corpus)), "ter": list(ter_entries(corpus, TER_FLAGS)),
            } for name, corpus in CORPORA.items()
        ],
        "shifts": [
            {"name": name, "hypotheses": corpus[0], "references": corpus[1], "ter": list(ter_entries(corpus, [{}]))}
            for name, corpus in shift_corpora()
        ],
        "texts": [
            {"name": name, "hypotheses": texts[0], "references": texts[1], "rouge": list(rouge_entries(texts)),
             "rouge_lsum": list(rouge_lsum_entries(texts))} for name, texts in TEXTS.items()
        ],
        "squad": squad_entry(*ANSWERS),
        "significance": significance_entry(),
    }
    path = pathlib.Path(__file__).with_name("expected_scores.json")
    path.write_text(to_json(expected) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(expected['corpora'])} corpora, {sum(map(len, expected['stems']))} stems")


if __name__ == "__main__":
    main()
