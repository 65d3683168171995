#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training on several processes (mpirun) beside one process with several threads, on this machine.

Every row trains the same model on the same batches for the same updates: N processes of one batch each, or one process
with `--accumulate N`. Rows alternate; rates are target tokens per second without the first updates, ratios are medians
over rounds. More processes than cores take turns, so such a row shows what the exchange costs, not what it gains.
Prints Markdown; --report also writes it to a file, and what was measured into a .json beside it.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import report
from train_costs import write_corpus
from train_speed import ROOT, comma_separated

UPDATES = {"tiny": 12, "small": 6, "base": 4}
SKIPPED = 2  # of them: warming up
GOAL = 0.95  # two processes of one thread, by one process of two
EXCHANGE = re.compile(r"^exchange: ([\d.]+) MB sent by a rank in an update, ([\d.]+) ms")
# Name, processes, threads of each, batches of a process in an update, flags, and the row that it is compared with.
ROWS = [
    ("1 × 2 threads", 1, 2, 2, [], None),
    ("2 × 1", 2, 1, 1, [], "1 × 2 threads"),
    ("2 × 1, no overlap", 2, 1, 1, ["--no-overlap"], "1 × 2 threads"),
    ("2 × 1, sharded optimizer", 2, 1, 1, ["--shard-optimizer"], "1 × 2 threads"),
    ("1 × 2 threads, 4 batches", 1, 2, 4, [], None),
    ("4 × 1 on 2 cores", 4, 1, 1, [], "1 × 2 threads, 4 batches"),
    ("4 × 1 on 2 cores, no overlap", 4, 1, 1, ["--no-overlap"], "1 × 2 threads, 4 batches"),
]


def rate(records):
    """Target tokens per second from the SKIPPED-th update on."""
    tokens = sum(now["tokens_per_s"] * (now["seconds"] - before["seconds"])
                 for before, now in zip(records[SKIPPED - 1:], records[SKIPPED:]))
    return tokens / (records[-1]["seconds"] - records[SKIPPED - 1]["seconds"])


def run(options, preset, row, corpus, folder):
    name, processes, threads, accumulate, flags, _ = row
    output = folder / "run"
    shutil.rmtree(output, ignore_errors=True)
    launch = [] if processes == 1 else [options.mpirun, "--oversubscribe", "--bind-to", "none", "-n", str(processes)]
    src, tgt, vocab = corpus
    done = subprocess.run(
        [*launch, options.dragoman, "train", "--train-src", src, "--train-tgt", tgt, "--vocab", vocab, "--output", output,
         "--preset", preset, "--precision", options.precision, "--threads", str(threads), "--accumulate", str(accumulate),
         "--max-steps", str(UPDATES[preset]), "--log-every", "1", "--save-every", "1000000", *flags],
        stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{name}: dragoman train ended with status {done.returncode}:\n{done.stderr}")
    lines = (output / "train.jsonl").read_text().splitlines()
    result = {"rate": rate([r for r in map(json.loads, lines) if r["event"] == "train"])}
    for line in done.stderr.splitlines():
        if found := EXCHANGE.match(line):
            result |= {"megabytes": float(found[1]), "waited_ms": float(found[2])}
    return result


def measure(options, preset, corpus, folder):
    results = {row[0]: [] for row in ROWS}
    for turn in range(options.rounds):
        for row in ROWS if turn % 2 == 0 else reversed(ROWS):
            results[row[0]].append(run(options, preset, row, corpus, folder))
            print(f"{preset}, round {turn + 1}, {row[0]}: {results[row[0]][-1]}", file=sys.stderr, flush=True)
    return results


def table(options, preset, results):
    lines = [f"## {preset}, {options.precision}", "",
             "| processes × threads | target tokens/s | × one process (range) | MB sent by a process in an update "
             "| ms waited in an update |", "|---|---|---|---|---|"]
    for name, _, _, _, _, beside in ROWS:
        runs, ratio = results[name], "1"
        if beside:
            ratios = [a["rate"] / b["rate"] for a, b in zip(runs, results[beside])]
            ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
            if name == "2 × 1":
                ratio += f" {'≥' if statistics.median(ratios) >= GOAL else '**<**'} {GOAL}"
        sent = [f"{statistics.median(r[key] for r in runs):.1f}" if key in runs[0] else "–"
                for key in ("megabytes", "waited_ms")]
        lines.append(f"| {name} | {statistics.median(r['rate'] for r in runs):,.0f} | {ratio} | {' | '.join(sent)} |")
    return lines


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", type=comma_separated(list(UPDATES)), default=["tiny", "small"])
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--rounds", type=int, default=4, help="runs of each row (default 4)")
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    parser.add_argument("--report", type=pathlib.Path, metavar="STEM", help="write STEM.md and STEM.json")
    options = parser.parse_args()
    options.mpirun = shutil.which("mpirun") or parser.error("mpirun is not installed; apt install openmpi-bin")
    if os.cpu_count() < 2:
        parser.error("two processes at a time need a machine of two cores")
    return options


def main():
    options = parse_options()
    if os.geteuid() == 0:  # Open MPI asks whether that is meant
        os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    busy = report.busy_cores()
    note = f" The machine was busy ({busy:.1f} cores)." if busy > 0.2 else ""
    lines = ["# Training on several processes", "",
             f"Printed by `bench/scaling`. {report.processor_name()}; median and range of {options.rounds} rounds in "
             f"turns; batches of 4,096 target tokens, one a process and update (one process: as many).{note}"]
    measured = {}
    with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
        corpus = write_corpus(options.dragoman, pathlib.Path(folder), random.Random(1))
        for preset in options.presets:
            measured[preset] = measure(options, preset, corpus, pathlib.Path(folder))
            lines += ["", *table(options, preset, measured[preset])]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.report:
        options.report.with_suffix(".md").write_text(text)
        options.report.with_suffix(".json").write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
