#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long Dragoman trains until its translations are as good as Marian's at the end of Marian's run.

Multi30k, English to German, from raw text: vocabulary, training, translating. Marian trains a tiny model for so many
updates and without validating, which would cost it time; how well it then translates the validation set is the goal.
Dragoman trains with the settings of recipes/multi30k-en-de.sh, validates twice as often, and its clock stops at the
first validation that reaches the goal: its validations are in its time. Both are then scored on test_2016_flickr by
`dragoman eval`. Runs follow each other, with nothing beside them; what has run once is kept in --output, and not run
again. It takes hours: if the machine is needed meanwhile, suspend the whole process group (kill -STOP); the clock stops
with it. A run of Marian that was ended goes on from its last checkpoint, with the minutes it had taken by then; one of
ours, which is short, starts again.
"""

import argparse
import gzip
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

import marian_recipe
import report
from train_speed import ROOT, comma_separated, has_bf16

VALIDATION = re.compile(r"^step\s+(\d+)\s+validation:.* BLEU ([\d.]+)")
TIME_GOAL, BF16_GOAL = 1 / 3, 0.3  # of Marian's time; BLEU that bf16 may lose


class Clock:
    """Minutes since it was made, and those before, without those in which the process was suspended."""
    TICK = 0.1

    def __init__(self, minutes=0.0):
        self.seconds, self.last = minutes * 60, time.monotonic()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            time.sleep(self.TICK)
            now = time.monotonic()
            self.seconds += min(now - self.last, 5 * self.TICK)  # longer ones were not ours
            self.last = now

    def minutes(self):
        return self.seconds / 60


class Bench:
    def __init__(self, options):
        self.options, self.folder = options, options.output
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in ("train", "val", "test_2016_flickr"):
            for language in ("en", "de"):
                text = gzip.decompress((options.data / f"{part}.{language}.gz").read_bytes())
                (self.folder / f"{part}.{language}").write_bytes(text)

    def text(self, part, language):
        return self.folder / f"{part}.{language}"

    def kept(self, program, seed, updates, run):
        """The result of run(), from an earlier time where there is one."""
        name = f"{program}-{updates}-updates-{self.options.threads}-threads-seed-{seed}"
        path = self.folder / f"{name}.json"
        if not path.exists():
            print(f"{name} ...", file=sys.stderr, flush=True)
            path.write_text(json.dumps(run(self.folder / name)))
        result = json.loads(path.read_text())
        print(f"{name}: {result}", file=sys.stderr, flush=True)
        return result

    def dragoman(self, *arguments, **keywords):
        return subprocess.run([self.options.dragoman, *arguments], check=True, **keywords)

    def bleu(self, part, hypotheses):
        found = self.dragoman("eval", "--metric", "bleu", "--quiet", "--ref", self.text(part, "de"),
                              input=hypotheses, stdout=subprocess.PIPE)
        return float(found.stdout)

    def marian(self, seed):
        def run(folder):
            folder.mkdir(exist_ok=True)
            vocab = [str(folder / "vocab.spm")] * 2
            saved = folder / "minutes"  # until the last checkpoint
            clock, ended = Clock(float(saved.read_text()) if saved.exists() else 0.0), False
            train = subprocess.Popen(
                marian_recipe.training(
                    [self.text("train", "en"), self.text("train", "de")], vocab, folder / "model.npz", width=128, d_ff=256,
                    pieces=8000, learning_rate=0.005, warmup=2000, batch_words=4096, threads=self.options.threads, seed=seed,
                    more=["--tied-embeddings-all", "--disp-freq", 100, "--save-freq", "500u", "--after-batches",
                          self.options.marian_updates]),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            with (folder / "log").open("a") as log:
                for line in train.stdout:
                    print(line, end="", file=log, flush=True)
                    if "Saving training checkpoint" in line:
                        saved.write_text(str(clock.minutes()))
                    ended = "Training interrupted" in line or ended
            if train.wait() != 0 or ended:
                sys.exit(f"Marian ended early, status {train.returncode} (see {folder / 'log'}); start again to go on")
            minutes = clock.minutes()
            scores = {}
            for part in ("val", "test_2016_flickr"):
                scores[part] = self.bleu(part, marian_recipe.translations(folder / "model.npz", vocab, self.text(part, "en"),
                                                                          self.options.threads))
            return {"minutes": minutes, **scores}
        return self.kept("marian", seed, self.options.marian_updates, run)

    def ours(self, seed, precision):
        def run(folder):
            folder.mkdir(exist_ok=True)
            shutil.rmtree(folder / "run", ignore_errors=True)
            vocab, validations = folder / "vocab.model", []
            text = [self.text("train", "en"), self.text("train", "de")]
            clock = Clock()
            self.dragoman("vocab", "--input", *text, "--size", "8000", "--output", vocab, stderr=subprocess.DEVNULL)
            train = subprocess.Popen(
                [self.options.dragoman, "train", "--train-src", text[0], "--train-tgt", text[1], "--valid-src",
                 self.text("val", "en"), "--valid-tgt", self.text("val", "de"), "--vocab", vocab, "--output",
                 folder / "run", "--seed", str(seed), "--threads", str(self.options.threads), "--precision", precision,
                 "--preset", "tiny", "--dropout", "0.3", "--ffn-dropout", "0.1", "--learning-rate", "0.005", "--warmup",
                 str(min(2000, self.options.updates // 2)), "--schedule", "linear", "--max-steps",
                 str(self.options.updates), "--label-smoothing", "0.1", "--batch-tokens", "4096", "--ema-decay", "0.999",
                 "--metric", "bleu", "--valid-every", "250", "--save-every", "1000", "--keep-best", "1"],
                stderr=subprocess.PIPE, text=True)
            for line in train.stderr:
                if found := VALIDATION.match(line):
                    validations.append([clock.minutes(), float(found[2])])
            if train.wait() != 0 or not validations:
                sys.exit(f"dragoman train ended with status {train.returncode}")
            scores = {}
            for part in ("val", "test_2016_flickr"):
                with self.text(part, "en").open() as source:
                    found = self.dragoman("translate", "--model", folder / "run/best", "--threads",
                                          str(self.options.threads), stdin=source, stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL)
                scores[part] = self.bleu(part, found.stdout)
            return {"minutes": validations[-1][0], **scores, "validations": validations}
        return self.kept(f"dragoman-{precision}", seed, self.options.updates, run)


def minutes_until(result, goal):
    return next((minutes for minutes, bleu in result["validations"] if bleu >= goal), None)


def medians(results):
    return {key: statistics.median(r[key] for r in results) for key in ("minutes", "val", "test_2016_flickr")}


def markdown(options, marian, ours, busy):
    theirs, lines = medians(marian), []
    note = f" The machine was busy at the start ({busy:.1f} cores)." if busy > 0.2 else ""
    lines += ["# Time to quality", "",
              f"Printed by `bench/time-to-quality`: Multi30k, English to German, from raw text. "
              f"{report.processor_name()}, {options.threads} threads. Medians over seeds: {len(marian)} of Marian, "
              f"{len(next(iter(ours.values())))} of Dragoman. BLEU: cased, 13a.{note}", "",
              "| program | minutes until val BLEU of Marian's end | of Marian's minutes | minutes in all | val at the end "
              "| test_2016_flickr |", "|---|---|---|---|---|---|",
              f"| Marian 1.12, f32, {options.marian_updates} updates | {theirs['minutes']:.1f} | 1 "
              f"| {theirs['minutes']:.1f} | {theirs['val']:.2f} | {theirs['test_2016_flickr']:.2f} |"]
    for precision, results in ours.items():
        until = [minutes_until(result, theirs["val"]) for result in results]
        own = medians(results)
        cells = ["never", "–"]
        if None not in until:
            share = statistics.median(until) / theirs["minutes"]
            cells = [f"{statistics.median(until):.1f}",
                     f"{share:.2f} {'≤' if share <= TIME_GOAL else '**>**'} {TIME_GOAL:.2f}"]
        lines.append(f"| Dragoman, {precision}, {options.updates} updates | {' | '.join(cells)} | {own['minutes']:.1f} "
                     f"| {own['val']:.2f} | {own['test_2016_flickr']:.2f} |")
    if len(ours) == 2:
        lost = medians(ours["f32"])["val"] - medians(ours["bf16"])["val"]
        lines += ["", f"bf16 ends {lost:+.2f} BLEU below f32 on val ({'≤' if lost <= BF16_GOAL else '**>**'} {BF16_GOAL})."]
    return "\n".join(lines) + "\n"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="Multi30k's folder")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/time-to-quality", help="where runs are kept")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each program (default 3)")
    parser.add_argument("--marian-seeds", type=int, help="of them, Marian's, which take longest (default: all)")
    parser.add_argument("--marian-updates", type=int, default=4250)
    parser.add_argument("--updates", type=int, default=4250, help="ours")
    parser.add_argument("--precision", type=comma_separated(["f32", "bf16"]), default=["bf16", "f32"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    parser.add_argument("--report", type=pathlib.Path, metavar="STEM", help="write STEM.md and STEM.json")
    options = parser.parse_args()
    if options.marian_seeds is not None and options.marian_seeds < 1:
        parser.error(f"--marian-seeds {options.marian_seeds}: expected 1 or more; its BLEU is the goal")
    if not (options.data / "train.en.gz").exists():
        parser.error(f"--data {options.data}: holds no train.en.gz; recipes/README.md says where Multi30k is to be had")
    if "bf16" in options.precision and not has_bf16():
        print("bf16: left out, this processor has no AVX512_BF16", file=sys.stderr)
        options.precision.remove("bf16")
    return options


def main():
    options = parse_options()
    busy = report.busy_cores()
    if busy > 0.2:
        print("note: the machine is busy; times will be too long", file=sys.stderr)
    bench = Bench(options)
    seeds = range(1, options.seeds + 1)
    ours = {precision: [bench.ours(seed, precision) for seed in seeds] for precision in options.precision}
    marian = [bench.marian(seed) for seed in seeds[:options.marian_seeds]]
    text = markdown(options, marian, ours, busy)
    print(text)
    if options.report:
        options.report.with_suffix(".md").write_text(text)
        options.report.with_suffix(".json").write_text(json.dumps({"marian": marian, "dragoman": ours}, indent=1) + "\n")


if __name__ == "__main__":
    main()
