#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of docs/interop.md, between its two markers, from what the checks have left: report.py FILE... --page
PAGE."""

import argparse
import importlib.metadata
import json
import pathlib

BEGIN, END = "<!-- tests/interop/report.py: begin -->", "<!-- tests/interop/report.py: end -->"


def cell(result, key):
    found = result.get(key)
    return f"{found['equal']} of {found['of']}" if found else ""


def bleu(result):
    found = result.get("BLEU")
    return f"{found['ours']:.2f} ({found['theirs']:.2f})" if found else ""


def rows(path):
    results = json.loads(path.read_text(encoding="utf-8"))
    library = path.stem.removeprefix("parity-").replace("export-", "export to ")
    for result in results:
        if "log-probabilities" not in result:
            continue  # of a tokenizer
        case = result["case"] + (f", seed {result['seed']}" if "seed" in result else "")
        floor = f" ({result['theirs in f32']:.1e})" if "theirs in f32" in result else ""
        difference = f"{result['log-probabilities']:.1e}{floor}" if "log-probabilities" in result else ""
        yield (f"| {library} | {case} | {difference} | {cell(result, 'beam 1')} | {cell(result, 'beam 4')} | {bleu(result)} "
               f"| {'yes' if result['passed'] else '**no**'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path, required=True)
    options = parser.parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}"
                         for name in ("transformers", "torch", "ctranslate2", "pymarian"))
    table = ["", f"By `make parity`, beside {versions}:", "",
             "| library | model | log-probabilities | greedy | beam 4 | BLEU, theirs | passed |", "|---|---|---|---|---|---|---|"]
    for path in sorted(options.files):
        table += rows(path)
    text = options.page.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    options.page.write_text(before + BEGIN + "\n" + "\n".join(table) + "\n\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
