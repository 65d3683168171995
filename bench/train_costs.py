#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Dragoman's training costs by sentence length, by threads, over time, and before the first step.

Each table compares blocks that alternate within one run, on random ids; only standard Python is needed. Prints
Markdown; --report also writes it to a file. The start is that of `dragoman train` on 29,000 pairs of made-up words, the
vocabulary given, from the command to the line of the first step.
"""

import argparse
import itertools
import json
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import report
from make_batches import END, FIRST_PIECE, pack, random_pairs
from train_speed import ROOT, Side, has_bf16

VOCAB = 8000
TGT_TOKENS = 4096
LENGTHS = (10, 25, 50, 100)
# What we are out to reach (how much dearer a token may be at most, two threads by one, the last third of a run by its
# first, seconds).
FLATNESS_GOAL, THREADS_GOAL, STEADY_GOAL, START_GOAL = 1.1, 1.85, 0.97, 2.0


def write_batches(path, batches):
    path.write_text(json.dumps({"vocab": VOCAB, "source": "random ids", "batches": [
        {"src": pack(src), "tgt": pack(tgt)} for src, tgt in batches]}))
    return path


def batch_of_length(length, rng):
    def side():
        return [[rng.randrange(FIRST_PIECE, VOCAB) for _ in range(length - 1)] + [END]
                for _ in range(TGT_TOKENS // length)]
    return side(), side()


def mixed_batches(count, rng):
    """Sentences of Multi30k's lengths in no order."""
    pairs, batches = iter(random_pairs(VOCAB, rng)), []
    for _ in range(count):
        chosen, size = [], 0
        while size < TGT_TOKENS:
            chosen.append(next(pairs))
            size += len(chosen[-1][1])
        batches.append(([s for s, _ in chosen], [t for _, t in chosen]))
    return batches


def open_side(options, key, batches, threads):
    return Side(key, [options.program, "--batches", batches, "--preset", options.preset, "--precision",
                      options.precision, "--threads", threads])


def rate(blocks):
    return sum(b["tokens"] for b in blocks) / sum(b["seconds"] for b in blocks)


def in_turns(sides, rounds, batches_a_block):
    for side in sides:
        side.ask(f"run {batches_a_block}")  # warm-up
    for turn in range(rounds):
        for side in sides if turn % 2 == 0 else reversed(sides):
            side.run_block(batches_a_block)
    for side in sides:
        side.close()
    return sides


def by_length(options, folder, rng):
    files = {n: write_batches(folder / f"{n}.json", [batch_of_length(n, rng)]) for n in LENGTHS}
    sides = in_turns([open_side(options, n, file, options.threads) for n, file in files.items()], options.rounds,
                     options.block)
    rates = {side.key: rate(side.blocks) for side in sides}
    worst = max(rates.values()) / min(rates.values())
    return [f"## By sentence length ({options.threads} threads)", "", "| tokens a sentence | target tokens/s |",
            "|---|---|", *(f"| {n} | {r:,.0f} |" for n, r in rates.items()), "",
            f"Dearest by cheapest token: {worst:.2f} {'≤' if worst <= FLATNESS_GOAL else '**>**'} {FLATNESS_GOAL}."]


def by_threads(options, folder, rng):
    batches = write_batches(folder / "mixed.json", mixed_batches(4, rng))
    one, two = in_turns([open_side(options, n, batches, n) for n in (1, 2)], options.rounds, options.block)
    ratios = [b["tokens"] / b["seconds"] / (a["tokens"] / a["seconds"]) for a, b in zip(one.blocks, two.blocks)]
    ratio = statistics.median(ratios)
    return ["## By threads", "", "| threads | target tokens/s |", "|---|---|", f"| 1 | {rate(one.blocks):,.0f} |",
            f"| 2 | {rate(two.blocks):,.0f} |", "",
            f"Two by one: {ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f}) "
            f"{'≥' if ratio >= THREADS_GOAL else '**<**'} {THREADS_GOAL}."]


def over_time(options, folder, rng):
    side = open_side(options, "time", write_batches(folder / "time.json", mixed_batches(4, rng)), options.threads)
    side.ask(f"run {options.block}")
    end = time.monotonic() + options.minutes * 60
    while time.monotonic() < end or len(side.blocks) < 6:
        side.run_block(options.block)
    side.close()
    third = len(side.blocks) // 3
    ratio = rate(side.blocks[-third:]) / rate(side.blocks[:third])
    steps = len(side.blocks) * options.block
    return [f"## Over time ({options.threads} threads)", "",
            f"{steps} steps: the last third ran at {ratio:.2f} of the first third's rate "
            f"{'≥' if ratio >= STEADY_GOAL else '**<**'} {STEADY_GOAL}."]


def write_corpus(dragoman, folder, rng):
    """29,000 pairs of made-up words, of Multi30k's lengths, and a vocabulary of them; the paths of all three."""
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprst", "aeiou")]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(VOCAB)]
    for name, side in zip(("src", "tgt"), zip(*random_pairs(VOCAB, rng))):
        (folder / name).write_text("".join(" ".join(words[i] for i in ids[:-1]) + "\n" for ids in side))
    paths = [str(folder / name) for name in ("src", "tgt", "v.model")]
    subprocess.run([str(dragoman), "vocab", "--input", *paths[:2], "--size", "4000", "--output", paths[2]], check=True,
                   stderr=subprocess.DEVNULL)
    return paths


def start_time(options, folder, rng):
    """Median of three runs, seconds."""
    program = [str(options.dragoman)]
    *text, vocab = write_corpus(options.dragoman, folder, rng)
    seconds = []
    for run in range(3):
        begin = time.monotonic()
        train = subprocess.Popen(
            [*program, "train", "--train-src", text[0], "--train-tgt", text[1], "--vocab", vocab, "--output",
             str(folder / f"run{run}"), "--preset", options.preset, "--precision", options.precision, "--threads",
             str(options.threads), "--max-steps", "1", "--log-every", "1"], stderr=subprocess.PIPE, text=True)
        for line in train.stderr:
            if line.startswith("step "):
                seconds.append(time.monotonic() - begin)
        if train.wait() != 0 or len(seconds) <= run:
            raise SystemExit(f"dragoman train ended with status {train.returncode}, without a step")
    median = statistics.median(seconds)
    return [f"## Before the first step ({options.threads} threads)", "",
            f"29,000 pairs, from the command to the end of the first step: {median:.1f} s (median of 3) "
            f"{'≤' if median <= START_GOAL else '**>**'} {START_GOAL} s."]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=("tiny", "small", "base"), default="tiny")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=6, help="blocks of each side (default 6)")
    parser.add_argument("--block", type=int, default=4, help="batches of a block (default 4)")
    parser.add_argument("--minutes", type=float, default=1, help="of the run over time (default 1)")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/train_speed")
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    parser.add_argument("--report", type=pathlib.Path, metavar="FILE", help="write the Markdown there, too")
    options = parser.parse_args()
    if options.precision == "bf16" and not has_bf16():
        parser.error("--precision bf16: this processor has no AVX512_BF16")
    return options


def main():
    options = parse_options()
    busy = report.busy_cores()
    note = f" The machine was busy ({busy:.1f} cores)." if busy > 0.2 else ""
    lines = ["# What training costs", "",
             f"Printed by `bench/train-costs`. {report.processor_name()}; preset {options.preset}, {options.precision}; "
             f"batches of {TGT_TOKENS} target tokens.{note}"]
    with tempfile.TemporaryDirectory(prefix="train-costs-") as folder:
        for table in (by_length, by_threads, over_time, start_time):
            lines += ["", *table(options, pathlib.Path(folder), random.Random(1))]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.report:
        options.report.write_text(text)


if __name__ == "__main__":
    main()
