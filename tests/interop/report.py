#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of docs/interop.md, between their two markers, from what the checks have left: report.py FILE...
--page PAGE."""

import argparse
import importlib.metadata
import json
import pathlib

BEGIN, END = "<!-- tests/interop/report.py: begin -->", "<!-- tests/interop/report.py: end -->"


def cell(result, key):
    found = result.get(key)
    if not found:
        return ""
    ties = f", {found['ties']} tied" if found.get("ties") else ""
    return f"{found['equal']} of {found['of']}{ties}"


def bleu(result):
    found = result.get("BLEU")
    return f"{found['ours']:.2f} ({found['theirs']:.2f})" if found else ""


def passed(result):
    return "yes" if result["passed"] else "**no**"


def tokenizer_rows(results):
    for result in results:
        yield (f"| {result['case']} | {cell(result, 'lines')} | {result['ties']} | {result['normalized']} "
               f"| {passed(result)} |")


def model_rows(library, results):
    for result in results:
        if "log-probabilities" not in result and "BLEU" not in result:
            continue  # of a tokenizer
        case = result["case"] + (f", seed {result['seed']}" if "seed" in result else "")
        floor = f" ({result['theirs in f32']:.1e})" if "theirs in f32" in result else ""
        difference = f"{result['log-probabilities']:.1e}{floor}" if "log-probabilities" in result else ""
        yield (f"| {library} | {case} | {difference} | {cell(result, 'beam 1')} | {cell(result, 'beam 4')} | {bleu(result)} "
               f"| {passed(result)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path, required=True)
    options = parser.parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}"
                         for name in ("transformers", "torch", "ctranslate2", "pymarian"))
    tables = ["", f"By `make parity`, beside {versions}:", "",
              "| library | model | log-probabilities | greedy | beam 4 | BLEU, theirs | passed |", "|---|---|---|---|---|---|---|"]
    found = {path.stem.removeprefix("parity-").replace("export-", "export to "): json.loads(path.read_text(encoding="utf-8"))
             for path in sorted(options.files)}
    tokenizers = found.pop("tokenizers", [])
    for library, results in found.items():
        tables += model_rows(library, results)
    if tokenizers:
        tables += ["", "| tokenizer | lines whose ids are equal | ties | normalized otherwise there | passed |",
                   "|---|---|---|---|---|", *tokenizer_rows(tokenizers)]
    text = options.page.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    options.page.write_text(before + BEGIN + "\n" + "\n".join(tables) + "\n\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
