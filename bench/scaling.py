#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training on several processes (mpirun) beside one process with several threads, on this machine.

Every row trains the same model on the same batches for the same updates: N processes of one batch each, or one process
with `--accumulate N`. Rows alternate; rates are target tokens per second without the first updates, ratios are medians
over rounds. More processes than cores take turns, so such a row shows what the exchange costs, not what it gains.
"Hosts" are network namespaces, joined by links of limited rate (scripts/with-hosts); without the rights to make them
those rows are left out. A model of more hosts follows from what was measured. Prints Markdown; --report also writes it
to a file, and what was measured into a .json beside it.
"""

import argparse
import dataclasses
import functools
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
from train_speed import ROOT, comma_separated, has_bf16

WITH_HOSTS = ROOT / "scripts/with-hosts"
BATCH = 4096  # target tokens
UPDATES = {"tiny": 12, "small": 5, "base": 4}
SKIPPED = 2  # of them: warming up
EMBEDDING_MB = {"tiny": 2.0, "small": 4.1, "base": 8.2}  # of 4,000 pieces: final only when the backward pass ends ...
BUCKET_MB = 4.2  # ... and so is all that shares a bucket with it
GOAL = 0.95  # two processes of one thread, by one process of two
EXCHANGE = re.compile(r"^exchange: ([\d.]+) MB sent by a rank in an update, ([\d.]+) ms")


@dataclasses.dataclass
class Row:
    name: str
    processes: int
    threads: int = 1  # of each
    accumulate: int = 1
    flags: tuple = ()
    beside: str = None  # the row that it is compared with
    mbit: int = None  # of the links between hosts, one process each; None: one machine


ONE, ONE_OF_4 = "1 × 2 threads", "1 × 2 threads, 4 batches"
ROWS = [
    Row(ONE, 1, 2, 2),
    Row("2 × 1", 2, beside=ONE),
    Row("2 × 1, no overlap", 2, flags=("--no-overlap",), beside=ONE),
    Row("2 × 1, sharded optimizer", 2, flags=("--shard-optimizer",), beside=ONE),
    Row("2 hosts × 1, 1 Gbit/s", 2, beside=ONE, mbit=1000),
    Row("2 hosts × 1, 1 Gbit/s, no overlap", 2, flags=("--no-overlap",), beside=ONE, mbit=1000),
    Row("2 hosts × 1, 200 Mbit/s", 2, beside=ONE, mbit=200),
    Row("2 hosts × 1, 200 Mbit/s, no overlap", 2, flags=("--no-overlap",), beside=ONE, mbit=200),
    Row(ONE_OF_4, 1, 2, 4),
    Row("4 × 1 on 2 cores", 4, beside=ONE_OF_4),
    Row("4 × 1 on 2 cores, no overlap", 4, flags=("--no-overlap",), beside=ONE_OF_4),
]


def rate(records):
    """Target tokens per second from the SKIPPED-th update on."""
    tokens = sum(now["tokens_per_s"] * (now["seconds"] - before["seconds"])
                 for before, now in zip(records[SKIPPED - 1:], records[SKIPPED:]))
    return tokens / (records[-1]["seconds"] - records[SKIPPED - 1]["seconds"])


def launcher(options, row):
    if row.processes == 1:
        return []
    count = str(row.processes)
    if row.mbit is None:
        return [options.mpirun, "--oversubscribe", "--bind-to", "none", "-n", count]
    hosts = ",".join(f"h{k + 1}" for k in range(row.processes))
    return [WITH_HOSTS, count, f"{row.mbit}mbit", options.mpirun, "--host", hosts, "--bind-to", "none", "-n", count]


def run(options, preset, row, corpus, folder):
    output = folder / "run"
    shutil.rmtree(output, ignore_errors=True)
    src, tgt, vocab = corpus
    done = subprocess.run(
        [*launcher(options, row), options.dragoman, "train", "--train-src", src, "--train-tgt", tgt, "--vocab", vocab,
         "--output", output, "--preset", preset, "--precision", options.precision, "--threads", str(row.threads),
         "--accumulate", str(row.accumulate), "--max-steps", str(UPDATES[preset]), "--log-every", "1", "--save-every",
         "1000000", *row.flags], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{row.name}: dragoman train ended with status {done.returncode}:\n{done.stderr}")
    lines = (output / "train.jsonl").read_text().splitlines()
    result = {"rate": rate([r for r in map(json.loads, lines) if r["event"] == "train"])}
    for line in done.stderr.splitlines():
        if found := EXCHANGE.match(line):
            result |= {"megabytes": float(found[1]), "waited_ms": float(found[2])}
    return result


def measure(options, preset, rows, corpus, folder):
    results = {row.name: [] for row in rows}
    for turn in range(options.rounds):
        for row in rows if turn % 2 == 0 else reversed(rows):
            results[row.name].append(run(options, preset, row, corpus, folder))
            print(f"{preset}, round {turn + 1}, {row.name}: {results[row.name][-1]}", file=sys.stderr, flush=True)
    return results


def median(runs, key):
    return statistics.median(r[key] for r in runs)


@functools.cache
def micro_batch_tokens(dragoman, preset, precision):
    """Source and target together, that a thread computes on at a time."""
    config = subprocess.run([dragoman, "train", "--dump-config", "--preset", preset, "--precision", precision],
                            check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(re.search(r"^micro-batch-tokens *= *(\d+)", config, re.MULTILINE)[1])


def predicted(options, preset, threads, compute_s, gradient_mb, megabytes, mbit):
    """Rate beside that without any communication. What is sent can hide behind the backward pass (two thirds) of the
    last micro-batch, as before that no gradient is final; but not what becomes final at its very end."""
    sending_s = megabytes * 8 / mbit
    micro_batch = micro_batch_tokens(options.dragoman, preset, options.precision)
    micro_batches = 2 * BATCH / threads / micro_batch  # about as many source tokens as target tokens
    hidden_s = compute_s / micro_batches * 2 / 3
    last_share = min(1, (EMBEDDING_MB[preset] + BUCKET_MB) / gradient_mb)
    return compute_s / (compute_s + max(sending_s - hidden_s, sending_s * last_share))


def measured_table(options, preset, rows, results):
    lines = [f"## {preset}, {options.precision}", "",
             "| processes × threads | target tokens/s | × one process (range) | model | MB sent by a process in an update "
             "| ms waited in an update |", "|---|---|---|---|---|---|"]
    for row in rows:
        runs, ratio, model = results[row.name], "1", "–"
        if row.beside:
            ratios = [a["rate"] / b["rate"] for a, b in zip(runs, results[row.beside])]
            ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
            if row.name == "2 × 1":
                ratio += f" {'≥' if statistics.median(ratios) >= GOAL else '**<**'} {GOAL}"
        if row.mbit and "--no-overlap" not in row.flags:
            compute_s = 2 * BATCH / median(results[ONE], "rate")
            model = f"{predicted(options, preset, 1, compute_s, *[median(runs, 'megabytes')] * 2, row.mbit):.2f}"
        sent = [f"{median(runs, key):.1f}" if key in runs[0] else "–" for key in ("megabytes", "waited_ms")]
        lines.append(f"| {row.name} | {median(runs, 'rate'):,.0f} | {ratio} | {model} | {' | '.join(sent)} |")
    return lines


def modelled_table(options, preset, results):
    """Hosts like this machine, one process of two threads each, a batch of 4,096 target tokens a host and update."""
    compute_s = BATCH / median(results[ONE], "rate")
    gradient_mb = median(results["2 × 1"], "megabytes")  # 2 (N - 1) / N of the gradient: of 2 all of it
    hosts, links = (2, 4, 8, 16), (1, 10, 25, 100)
    lines = [f"### More hosts, modelled: {preset}", "",
             f"An update computes for {compute_s * 1e3:,.0f} ms; the gradient has {gradient_mb:,.1f} MB, of which each "
             "of N hosts sends, and receives, 2 (N − 1) / N. Share of N times the rate of one host:", "",
             "| hosts | MB sent by each | " + " | ".join(f"{g} Gbit/s" for g in links) + " | communication takes as long "
             "as computing at |", "|---" * (len(links) + 3) + "|"]
    for n in hosts:
        megabytes = 2 * (n - 1) / n * gradient_mb
        shares = [f"{predicted(options, preset, 2, compute_s, gradient_mb, megabytes, g * 1000):.2f}" for g in links]
        lines.append(f"| {n} | {megabytes:,.1f} | {' | '.join(shares)} | {megabytes * 8 / compute_s:,.0f} Mbit/s |")
    return lines


@functools.cache
def can_make_hosts():
    tried = subprocess.run([WITH_HOSTS, "2", "1gbit", "true"], stderr=subprocess.PIPE, text=True)
    if tried.returncode != 0:
        print(f"rows with hosts are left out: {tried.stderr.strip()}", file=sys.stderr)
    return tried.returncode == 0


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", type=comma_separated(list(UPDATES)), default=["tiny", "small"])
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each row (default 3)")
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    parser.add_argument("--measured", type=pathlib.Path, metavar="FILE", help="an earlier report's .json: measure nothing")
    parser.add_argument("--report", type=pathlib.Path, metavar="STEM", help="write STEM.md and STEM.json")
    options = parser.parse_args()
    options.mpirun = shutil.which("mpirun") or parser.error("mpirun is not installed; apt install openmpi-bin")
    if options.precision == "bf16" and not has_bf16():
        parser.error("--precision bf16: this processor has no AVX512_BF16")
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
    measured = json.loads(options.measured.read_text()) if options.measured else {}
    if measured:
        options.presets = list(measured)
    with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
        corpus = measured or write_corpus(options.dragoman, pathlib.Path(folder), random.Random(1))
        for preset in options.presets:
            rows = [row for row in ROWS if (row.name in measured[preset] if preset in measured else
                                            row.mbit is None or can_make_hosts())]
            if preset not in measured:
                measured[preset] = measure(options, preset, rows, corpus, pathlib.Path(folder))
            lines += ["", *measured_table(options, preset, rows, measured[preset]), "",
                      *modelled_table(options, preset, measured[preset])]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.report:
        options.report.with_suffix(".md").write_text(text)
        options.report.with_suffix(".json").write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
