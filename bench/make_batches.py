#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the batches that all sides of train_speed.py train on.

Sentence pairs are sorted by length over the whole corpus, the best case for a program that pads, and cut into batches
of a given number of target tokens (</s> counted, padding not). Of these, a few are kept, evenly spread from short to
long sentences, and shuffled.

With --data DIR (holding multi30k's train.en.gz and train.de.gz) the ids are those sentences under an 8,000-piece joint
unigram vocabulary, which needs the sentencepiece package. Without, ids are random (Zipf), their sentences' lengths
drawn to look like multi30k's.

The file is JSON: {"vocab": V, "source": text, "batches": [{"src": {"ids": [...], "offsets": [...]}, "tgt": {...}}]}.
Sentence s of a side is ids[offsets[s]:offsets[s + 1]], and ends in </s> (id 2); <s> is 1.
"""

import argparse
import gzip
import io
import itertools
import json
import math
import pathlib
import random

END = 2  # </s>
FIRST_PIECE = 3
PAIRS = 29000

# How many of multi30k's German sentences have 0, 1, 2 ... pieces, </s> included.
TGT_LENGTH_COUNTS = [
    0, 0, 0, 3, 0, 11, 74, 257, 699, 1142, 1563, 1943, 2262, 2462, 2370, 2270, 2076, 1973, 1614, 1436, 1243, 997, 882,
    674, 614, 468, 384, 325, 253, 212, 167, 107, 102, 107, 72, 51, 35, 23, 25, 15, 17, 14, 15, 11, 3, 8, 5, 2, 1, 4, 3,
    0, 1, 1, 1, 1, 2,
]
# log(src_len / tgt_len) of its pairs: mean and standard deviation.
LOG_RATIO_MEAN = -0.023
LOG_RATIO_DEVIATION = 0.184


def random_pairs(vocab, rng):
    """PAIRS pairs of id lists, lengths like multi30k's, ids by Zipf's law."""
    cumulative = list(itertools.accumulate(1 / rank for rank in range(1, vocab - FIRST_PIECE + 1)))
    pieces = range(FIRST_PIECE, vocab)

    def sentence(length):
        return rng.choices(pieces, cum_weights=cumulative, k=length - 1) + [END]

    pairs = []
    for tgt_len in rng.choices(range(len(TGT_LENGTH_COUNTS)), weights=TGT_LENGTH_COUNTS, k=PAIRS):
        ratio = math.exp(rng.gauss(LOG_RATIO_MEAN, LOG_RATIO_DEVIATION))
        pairs.append((sentence(max(3, round(tgt_len * ratio))), sentence(tgt_len)))
    return pairs


def corpus_pairs(folder, vocab):
    """The training pairs en -> de of multi30k as id lists."""
    import sentencepiece  # needed here only

    sides = []
    for language in ("en", "de"):
        with gzip.open(folder / f"train.{language}.gz", "rt", encoding="utf-8") as file:
            sides.append(file.read().split("\n")[:-1])
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sides[0] + sides[1]), model_writer=model, vocab_size=vocab, model_type="unigram",
        minloglevel=2)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    src, tgt = (pieces.encode(side) for side in sides)
    return [(s + [END], t + [END]) for s, t in zip(src, tgt) if s and t]


def cut_into_batches(pairs, tgt_tokens):
    """Full batches only, from short sentences to long ones.

    Among targets of one length the sources rise and fall in turn, so that neighbours are alike on both sides.
    """
    batches, batch, size = [], [], 0
    for pair in sorted(pairs, key=lambda p: (len(p[1]), len(p[0]) * (-1) ** len(p[1]))):
        if size + len(pair[1]) > tgt_tokens:
            batches.append(batch)
            batch, size = [], 0
        batch.append(pair)
        size += len(pair[1])
    return batches


def pack(sentences):
    ids = list(itertools.chain.from_iterable(sentences))
    return {"ids": ids, "offsets": [0, *itertools.accumulate(len(s) for s in sentences)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, help="folder with multi30k's train.en.gz and train.de.gz")
    parser.add_argument("--batches", type=int, default=8, help="how many to keep (default 8)")
    parser.add_argument("--tgt-tokens", type=int, default=4096, help="target tokens a batch (default 4096)")
    parser.add_argument("--vocab", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    rng = random.Random(options.seed)
    pairs = corpus_pairs(options.data, options.vocab) if options.data else random_pairs(options.vocab, rng)
    batches = cut_into_batches(pairs, options.tgt_tokens)
    if not 1 <= options.batches <= len(batches):
        parser.error(f"--batches {options.batches}: the corpus gives {len(batches)} batches; ask for 1 to that many")
    kept = [batches[int((k + 0.5) * len(batches) / options.batches)] for k in range(options.batches)]
    rng.shuffle(kept)

    options.output.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "vocab": options.vocab,
        "source": "multi30k en-de" if options.data else "random ids, multi30k's lengths",
        "batches": [{"src": pack([s for s, _ in batch]), "tgt": pack([t for _, t in batch])} for batch in kept],
    }
    options.output.write_text(json.dumps(content, separators=(",", ":")))


if __name__ == "__main__":
    main()
