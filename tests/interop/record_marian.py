#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/interop/recorded/marian: small models that Marian trained for some updates to say the phrase book's English
backwards, word by word, and what Marian says of them: the log-probabilities of given translations, and what it finds itself, greedy and with a beam of 4.

  build/venv-parity/bin/python tests/interop/record_marian.py [FOLDER]      FOLDER: instead of that in the repository

./demo writes the phrase book.
"""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/interop/recorded/marian"
SIZES = ["--dim-emb", "16", "--transformer-heads", "2", "--transformer-dim-ffn", "24"]
CASES = {
    "post_relu": ["--enc-depth", "2", "--dec-depth", "1", "--tied-embeddings-all", "--transformer-ffn-activation", "relu"],
    "ssru": ["--enc-depth", "1", "--dec-depth", "2", "--tied-embeddings-all", "--transformer-ffn-activation", "relu",
             "--transformer-decoder-autoreg", "rnn", "--dec-cell", "ssru"],
    "pre_gelu": ["--enc-depth", "2", "--dec-depth", "2", "--tied-embeddings-src", "--transformer-ffn-activation", "gelu", "--transformer-preprocess", "n",
                 "--transformer-postprocess", "da", "--transformer-postprocess-top", "n"],
    "two_tables": ["--tied-embeddings", "--transformer-ffn-activation", "swish", "--transformer-postprocess-emb", "nd",
                   "--dec-depth", "2", "--enc-depth", "1"],
    "deep_ffn": ["--enc-depth", "1", "--dec-depth", "1", "--tied-embeddings-all", "--transformer-ffn-activation", "relu",
                 "--transformer-ffn-depth", "3"],
    "untied": ["--enc-depth", "1", "--dec-depth", "1", "--transformer-ffn-activation", "relu", "--output-omit-bias"],
}
LINES = 12
# Marian's decoder (1.12.42) finds other things in a model of norms before its sub-layers than its own scorer thinks of:
# what it says first there has a lower score than what it leaves. So nothing of the decoder's is recorded.
ONLY_SCORES = {"pre_gelu"}


def marian(command, *arguments, text=None):
    quiet = [] if command == "convert" else ["--quiet"]
    done = subprocess.run([sys.executable, "-c", "import sys, _pymarian; _pymarian.main(sys.argv[1:])", command,
                           *map(str, arguments), *quiet], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"marian {command} {arguments}\n{done.stderr}")
    return done.stdout


def phrase_book():
    """Sources and targets, of training and held out."""
    folder = ROOT / "examples/phrasebook"
    if not (folder / "train.en").exists():
        sys.exit(f"{folder}/train.en is not there: ./demo writes it")
    texts = []
    for name in ("train.en", "valid.en"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        texts += [lines, [" ".join(reversed(line.split())) for line in lines]]
    return texts


def train(folder, case, sizes, texts, vocab_size, updates):
    src, tgt = folder / "train.src", folder / "train.tgt"
    src.write_text("\n".join(texts[0]) + "\n", encoding="utf-8")
    tgt.write_text("\n".join(texts[1]) + "\n", encoding="utf-8")
    two = not any(option in CASES[case] for option in ("--tied-embeddings-all", "--tied-embeddings-src"))
    vocabs = ["src.spm", "trg.spm"] if two else ["vocab.spm"]
    marian("train", "--type", "transformer", "--model", folder / "model.npz", "--train-sets", src, tgt, "--vocabs",
           *[folder / vocabs[0], folder / vocabs[-1]], "--dim-vocabs", vocab_size, vocab_size, *sizes, *CASES[case],
           "--mini-batch", "64", "--maxi-batch", "10", "--after-batches", updates, "--learn-rate", "0.01", "--seed", "1",
           "--cpu-threads", "1", "--optimizer-delay", "1", "--disp-freq", "50u", "--sentencepiece-max-lines", "20000",
           "--max-length", "60", "--workspace", "512", "--sentencepiece-options", "--normalization_rule_name=identity")
    for left in folder.iterdir():
        if left.name not in ["model.npz", *vocabs]:
            left.unlink()
    return [folder / vocabs[0], folder / vocabs[-1]]


def decode(model, vocabs, beam, sources, mini_batch=1):
    return marian("decode", "--models", model, "--vocabs", *vocabs, "--cpu-threads", "1", "--beam-size", beam, "--normalize",
                  "1", "--mini-batch", mini_batch, "--max-length-factor", "3", "--allow-unk", text="\n".join(sources) + "\n")


def record(folder, case, vocabs, sources, targets):
    common = ["--vocabs", *vocabs, "--cpu-threads", "1"]
    (folder / "src").write_text("\n".join(sources) + "\n", encoding="utf-8")
    (folder / "tgt").write_text("\n".join(targets) + "\n", encoding="utf-8")
    scores = marian("score", "--model", folder / "model.npz", "--train-sets", folder / "src", folder / "tgt", *common)
    (folder / "scores").write_text(scores, encoding="utf-8")
    if case in ONLY_SCORES:
        return
    for beam in (1, 4):
        (folder / f"beam{beam}").write_text(decode(folder / "model.npz", vocabs, beam, sources), encoding="utf-8")


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    shutil.rmtree(out, ignore_errors=True)
    train_src, train_tgt, valid_src, valid_tgt = phrase_book()
    for case in CASES:
        folder = out / case
        folder.mkdir(parents=True)
        vocabs = train(folder, case, SIZES, (train_src[:3000], train_tgt[:3000]), 120, 1000)
        record(folder, case, vocabs, valid_src[:LINES], valid_tgt[:LINES])
        print(case, sum(file.stat().st_size for file in folder.iterdir()), "bytes", flush=True)


if __name__ == "__main__":
    main()
