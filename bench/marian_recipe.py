# SPDX-License-Identifier: Apache-2.0
"""Marian as a toolkit to train and to translate with, from raw text, in the shape of our small recipes."""

import subprocess
import sys

MARIAN = [sys.executable, "-c", "import sys, _pymarian; _pymarian.main(sys.argv[1:])"]


def training(texts, vocabs, model, *, width, d_ff, pieces, learning_rate, warmup, batch_words, threads, seed, more):
    """The command that trains 4 + 4 layers of 4 heads, with what Marian's examples recommend for little data."""
    options = {
        "type": "transformer", "enc-depth": 4, "dec-depth": 4, "dim-emb": width, "transformer-dim-ffn": d_ff,
        "transformer-heads": 4, "transformer-dropout": 0.3, "label-smoothing": 0.1, "learn-rate": learning_rate,
        "lr-warmup": warmup, "lr-decay-inv-sqrt": warmup, "clip-norm": 0, "cpu-threads": threads, "mini-batch": 4096,
        "mini-batch-words": batch_words, "maxi-batch": 100, "max-length": 256, "workspace": 2500, "seed": seed, "model": model,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    words += ["--vocabs", *vocabs, "--train-sets", *texts, "--dim-vocabs", pieces, pieces, "--optimizer-params", 0.9, 0.98,
              "1e-9", "--exponential-smoothing", "--sync-sgd", *more]
    return [*MARIAN, "train", *map(str, words)]


def translations(model, vocabs, source, threads):
    """What it makes of the file `source`, as bytes."""
    return subprocess.run(
        [*MARIAN, "decode", "--models", model, "--vocabs", *vocabs, "--beam-size", "6", "--normalize", "0.6", "--cpu-threads",
         str(threads), "--mini-batch", "16", "--quiet", "--input", source], check=True, stdout=subprocess.PIPE).stdout
