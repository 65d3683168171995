#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well Marian translates Tatoeba's sentences after so many minutes of training on them.

The same data, sizes of model and vocabulary as recipes/tatoeba-*.sh, raw text in and out; scored on validation and test by
`dragoman eval`, with the words that the recipe's BLEU has. Marian has no limit of minutes: it is told to save and end.
"""

import argparse
import gzip
import json
import pathlib
import signal
import subprocess
import sys
import time

import marian_recipe
import report
from train_speed import ROOT

WORDS = {"zh": "zh", "en": "13a"}  # of BLEU, by target language


def train(options, folder, texts, vocabs):
    """Trains until the minutes are over, in a process whose output goes to folder/log."""
    command = marian_recipe.training(
        texts, vocabs, folder / "model.npz", width=192, d_ff=512, pieces=4000, learning_rate=options.learning_rate,
        warmup=options.warmup, batch_words=options.batch_words, threads=options.threads, seed=options.seed,
        more=["--tied-embeddings", "--transformer-dropout-ffn", 0.1, "--disp-freq", "100u", "--save-freq", "100000u"])
    start = time.monotonic()
    with (folder / "log").open("w") as log:
        training = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            status = training.wait(options.minutes * 60)
        except subprocess.TimeoutExpired:
            training.send_signal(signal.SIGTERM)
            status = training.wait()
    ended = (0, 128 + signal.SIGTERM)  # which is how it ends when it has saved
    if status not in ended or not (folder / "model.npz").exists():
        sys.exit(f"Marian ended with status {status}; see {folder / 'log'}")
    return (time.monotonic() - start) / 60


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="Tatoeba's folder")
    parser.add_argument("--src", choices=WORDS, default="en", help="the language to translate from")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch-words", type=int, default=4096)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--warmup", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/marian-tatoeba", help="where the run is kept")
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    options = parser.parse_args()
    tgt = next(language for language in WORDS if language != options.src)
    if not (options.data / "train.en.gz").exists():
        parser.error(f"--data {options.data}: holds no train.en.gz; recipes/README.md says where Tatoeba is to be had")
    if report.busy_cores() > 0.2:
        print("note: the machine is busy; Marian gets less done", file=sys.stderr)
    folder = options.output / f"{options.src}-{tgt}-{options.batch_words}-{options.learning_rate}-seed-{options.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "valid", "test"):
        for language in WORDS:
            (folder / f"{part}.{language}").write_bytes(gzip.decompress((options.data / f"{part}.{language}.gz").read_bytes()))
    vocabs = [folder / f"{language}.spm" for language in (options.src, tgt)]
    result = {"minutes": train(options, folder, [folder / f"train.{language}" for language in (options.src, tgt)], vocabs)}
    for part in ("valid", "test"):
        found = marian_recipe.translations(folder / "model.npz", vocabs, folder / f"{part}.{options.src}", options.threads)
        for metric in ("bleu", "chrf"):
            tokenize = ["--tokenize", WORDS[tgt]] if metric == "bleu" else []
            score = subprocess.run([options.dragoman, "eval", "--metric", metric, "--quiet", *tokenize, "--ref",
                                    folder / f"{part}.{tgt}"], check=True, input=found, stdout=subprocess.PIPE)
            result[f"{part} {metric}"] = float(score.stdout)
    (folder / "result.json").write_text(json.dumps(result) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
