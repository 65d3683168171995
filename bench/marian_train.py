#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Marian's side of train_speed.py: the same model, trained by Marian on the sentences of the batches file.

Marian has no call for "train on this batch": it reads text and makes batches of its own (4,096 words, sorted by target
length). So it runs as a process of its own that is stopped (SIGSTOP) while others have their turn, and goes on
(SIGCONT) for its own; what it did and when is read from its log, a line for each update. Its words are real target
tokens, </s> included, as on the other sides.

Protocol: as in pytorch_train.py; "run N" is the next N updates; parameters are not told.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from pytorch_train import DROPOUT, LABEL_SMOOTHING, memory_bytes
from train_speed import SHAPES

UPDATE = re.compile(r"Up\. \d+ .*Cost ([\d.]+) \* ([\d,]+) @")
CHILD = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import _pymarian
from pytorch_train import memory_bytes, reset_peak_memory
reset_peak_memory()
print("imports", memory_bytes("VmRSS"), file=sys.stderr, flush=True)
_pymarian.main(["train", *sys.argv[1:]])
"""


def write_corpus(content, folder):
    """The batches' sentences as text, a word for each id, and the vocabulary that maps it back."""
    for side in ("src", "tgt"):
        with (folder / f"train.{side}").open("w") as file:
            for batch in content["batches"]:
                offsets, ids = batch[side]["offsets"], batch[side]["ids"]
                for begin, end in zip(offsets, offsets[1:]):
                    file.write(" ".join(f"w{i}" for i in ids[begin:end - 1]) + "\n")  # Marian adds </s> itself
    with (folder / "vocab.yml").open("w") as file:
        file.write("</s>: 0\n<unk>: 1\n")
        file.writelines(f"w{i}: {i - 1}\n" for i in range(3, content["vocab"] + 1))


def marian_arguments(options, content, folder):
    shape = SHAPES[options.preset]
    vocab = str(content["vocab"])
    return [
        "--type", "transformer", "--model", folder / "model.npz", "--train-sets", folder / "train.src",
        folder / "train.tgt", "--vocabs", folder / "vocab.yml", folder / "vocab.yml", "--dim-vocabs", vocab, vocab,
        "--enc-depth", shape.layers, "--dec-depth", shape.layers, "--dim-emb", shape.d_model,
        "--transformer-dim-ffn", shape.d_ff, "--transformer-heads", shape.heads, "--tied-embeddings-all",
        "--transformer-dropout", DROPOUT, "--label-smoothing", LABEL_SMOOTHING, "--learn-rate", "0.0001",
        "--optimizer-params", "0.9", "0.98", "1e-9", "--clip-norm", "0", "--cpu-threads", options.threads, "--sync-sgd",
        "--mini-batch", "4096", "--mini-batch-words", "4096", "--maxi-batch", "100", "--maxi-batch-sort", "trg",
        "--max-length", "512", "--disp-freq", "1", "--disp-label-counts", "--save-freq", "1000000u",
        "--after-batches", "1000000",
        "--workspace", options.workspace_mb, "--seed", options.seed, "--tempdir", folder,
    ]


class Marian:
    def __init__(self, options, folder):
        content = json.loads(options.batches.read_text())
        write_corpus(content, folder)
        arguments = [str(a) for a in marian_arguments(options, content, folder)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(pathlib.Path(__file__).resolve().parent), *arguments],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.log = []
        self.imports_bytes = int(self.wait_for(re.compile(r"^imports (\d+)"))[1])
        self.wait_for(re.compile("Training started"))
        self.pause()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def wait_for(self, pattern):
        while line := self.process.stderr.readline():
            self.log = self.log[-30:] + [line]
            if found := pattern.search(line):
                return found
        sys.exit("".join(self.log) + f"Marian ended with status {self.process.wait()} instead of training")

    def run(self, updates):
        begin = time.perf_counter()
        self.process.send_signal(signal.SIGCONT)
        found = [self.wait_for(UPDATE).groups() for _ in range(updates)]
        seconds = time.perf_counter() - begin
        self.pause()
        words = [int(count.replace(",", "")) for _, count in found]
        loss = sum(float(cost) * count for (cost, _), count in zip(found, words)) / sum(words)
        return {"tokens": sum(words), "seconds": seconds, "loss": loss}

    def peak_bytes(self):
        return memory_bytes("VmHWM", self.process.pid) - self.imports_bytes

    def close(self):
        self.process.kill()
        self.process.wait()


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=pathlib.Path, required=True, help="file written by make_batches.py")
    parser.add_argument("--preset", choices=SHAPES, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workspace-mb", type=int, default=2500, help="of each thread; what is not used costs nothing")
    return parser.parse_args()


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix="marian-") as folder:
        marian = Marian(options, pathlib.Path(folder))
        try:
            print(json.dumps({"name": "Marian 1.12", "parameters": None}), flush=True)
            for line in sys.stdin:
                command, *arguments = line.split()
                if command == "run":
                    print(json.dumps(marian.run(int(arguments[0]))), flush=True)
                elif command == "peak":
                    print(json.dumps({"peak_bytes": marian.peak_bytes()}), flush=True)
                else:
                    sys.exit(f"unknown command {command!r}; expected run N or peak")
        finally:
            marian.close()


if __name__ == "__main__":
    main()
