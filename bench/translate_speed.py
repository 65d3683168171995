#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares translation by Dragoman and other programs: same weights and sentences, raw text to raw text.

All programs of a row are started with their best settings (translate_best.py), then translate the same sentences in
turns, so that whatever the machine does meanwhile hits all; only one of them computes at any time. Loading is counted
apart. Prints a Markdown table of what is compared with which goal, and one of what ran; --report also writes them, with
a JSON of every turn and a bar chart. bench/translate-speed is the easy way to run it; README.md says what is measured.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

import report
import translate_costs
import translate_report
from train_speed import has_bf16
from translate_compare import compare
from translate_rows import AGREEMENT, OURS_BF16, ROWS
from translate_sides import ROOT, SideError
from translate_turns import Bench


def gemm_peaks(options, threads):
    """GFLOP/s of multiplication alone on all threads, by precision; those that gemm_peak can measure here."""
    peaks = {}
    for precision in ("f32", "bf16", "int8"):
        command = [options.dragoman.parent / "gemm_peak", "--threads", str(threads), "--precision", precision]
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if found.returncode == 0:
            peaks[precision] = json.loads(found.stdout)["gflops"]
    return peaks


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build/translate-models",
                        help="what bench/translate-models has trained (default build/translate-models)")
    parser.add_argument("--rows", default="", metavar="REGEX",
                        help="only the rows in whose setting (or in start, memory, file) it is found")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each side (default 4)")
    parser.add_argument("--short", action="store_true",
                        help="that everything works, not how fast: few sentences, no search for settings")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/translate_bench",
                        help="our side (default build/release/translate_bench)")
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    parser.add_argument("--report", type=pathlib.Path, metavar="STEM",
                        help="write STEM.md, STEM.json (every turn's measurement) and STEM.svg")
    options = parser.parse_args()
    options.rounds = 1 if options.short else options.rounds
    for path in (options.program, options.dragoman):
        if not path.exists():
            parser.error(f"{path}: no such file; build it with: ninja -C build/release {path.name}")
    trainer = "bench/translate-models --short" if options.short else "DATA=dir make bench-models"
    for model in ("base", "tiny", "student"):
        if not (options.models / model / "int8/config.json").exists():
            parser.error(f"{options.models / model}: no model yet; {trainer} trains it")
    return options


def check_agreement(options, results):
    """Says what share of the outputs is the same in all programs; too few, and there is nothing to compare."""
    for result in results:
        for name, side in result["sides"].items():
            share = side["same_as_first"]
            print(f"{result['task']}: {share:.1%} of the outputs of {name} are those of dragoman f32", file=sys.stderr)
            if share < (0.5 if options.short else 0.95):
                sys.exit(f"{name} translates otherwise than dragoman f32 from the same weights: "
                         f"see {options.models}/outputs")


def main():
    options = parse_options()
    busy = report.busy_cores()
    if busy > 0.2:
        print(f"note: the machine is busy ({busy:.1f} cores); figures will be too low", file=sys.stderr)
    bench = Bench(options)
    measured = {"machine": report.processor_name(), "rounds": options.rounds, "busy_cores": busy, "agreement": [],
                "peaks": gemm_peaks(options, threads=2), "results": [], "comparisons": []}
    rows, agreement = ([row for row in found if re.search(options.rows, str(row.task))] for found in (ROWS, AGREEMENT))
    measured["agreement"] = [bench.run(row, rounds=1, search=False) for row in agreement]
    check_agreement(options, measured["agreement"])
    for row in rows:
        if not has_bf16():
            row.contenders = [contender for contender in row.contenders if contender != OURS_BF16]
            row.goals = [goal for goal in row.goals if goal.ours != OURS_BF16]
        result = bench.run(row, options.rounds)
        config = json.loads((options.models / row.task.model / "run/best/config.json").read_text())
        measured["results"].append(result)
        measured["comparisons"] += compare(row, result, measured["peaks"], config)
    measured["costs"] = translate_costs.measure_all(options, bench)
    text = translate_report.markdown(measured, "bench/translate-speed " + " ".join(sys.argv[1:]))
    print(text)
    if options.report:
        report.write_report(options.report, text, measured, translate_report.chart(measured))


if __name__ == "__main__":
    try:
        main()
    except SideError as error:
        sys.exit(f"translate_speed: {error}")
