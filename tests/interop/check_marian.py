#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models that Marian trains for some hundred updates: what its scorer and its decoder say, and what the program does with
the imported ones; then the same models in 8 bits, as marian-conv makes them, whose integers the program keeps.

  build/venv-parity/bin/python tests/interop/check_marian.py PROGRAM [--json FILE]
      DATA=dir with multi30k/ (recipes/README.md): on its English and German; else on the phrase book
"""

import gzip
import json
import os
import pathlib
import shutil
import tempfile

import checking
import record_marian

SIZES = ["--dim-emb", "64", "--transformer-heads", "4", "--transformer-dim-ffn", "128"]
LINES = 200
PIECES = 2000 if os.environ.get("DATA") else 500  # the phrase book has words for no more
INT8_CASES = ("post_relu", "ssru")  # which are trained for longer, so that BLEU says something
INT8_UPDATES, INT8_LINES = 2000, 1000


def texts():
    data = os.environ.get("DATA")
    if not data:
        return record_marian.phrase_book()
    names = ("train.en", "train.de", "test_2016_flickr.en", "test_2016_flickr.de")
    return [gzip.open(pathlib.Path(data) / "multi30k" / f"{name}.gz", "rt", encoding="utf-8").read().splitlines()
            for name in names]


def check(program, case, lines, folder):
    theirs = folder / "theirs"
    theirs.mkdir()
    vocabs = record_marian.train(theirs, case, SIZES, lines, PIECES, 400)
    record_marian.record(theirs, case, vocabs, lines[2][:LINES], lines[3][:LINES])
    ours = checking.imported(program, theirs, folder / "ours")
    expected = [float(line) for line in (theirs / "scores").read_text().split()]
    scored = checking.scores(program, ours, theirs)
    result = {"case": case, "log-probabilities": max(abs(a - b) for a, b in zip(scored, expected))}
    for beam in (1, 4):
        if not (theirs / f"beam{beam}").exists():
            continue
        printed = checking.run(program, "translate", "--model", ours, "--beam-size", beam, "--stopping", "narrow", "--format",
                             "jsonl", "--max-length-factor", 2, *checking.SEARCH, text=(theirs / "src").read_text(encoding="utf-8")).splitlines()
        found = [json.loads(line) for line in printed]
        theirs_found = (theirs / f"beam{beam}").read_text(encoding="utf-8").splitlines()
        # What does not end is cut, by Marian at thrice the length of the source, here before.
        pairs = [(a["translation"], b) for a, b in zip(found, theirs_found) if a["complete"]]
        result[f"beam {beam}"] = {"equal": sum(a == b for a, b in pairs), "of": len(pairs)}
    close = all(abs(a - b) <= max(1e-4, 1e-6 * abs(b)) for a, b in zip(scored, expected))
    # With a beam of 4 what Marian cuts at its limit it ranks among what ends, by its score; here it comes after it.
    result["passed"] = close and all(result[beam]["equal"] >= share * result[beam]["of"]
                                     for beam, share in (("beam 1", 0.99), ("beam 4", 0.95)) if beam in result)
    return result


def bleu(program, references, found, folder):
    (folder / "hypotheses").write_text("".join(line + "\n" for line in found), encoding="utf-8")
    return float(checking.run(program, "eval", "--metric", "bleu", "--ref", references, "--hyp", folder / "hypotheses",
                              "--quiet"))


def translated(program, model, sources, beam, search=checking.SEARCH):
    """As Marian searches: text, and whether it has come to its end."""
    printed = checking.run(program, "translate", "--model", model, "--beam-size", beam, "--stopping", "beam", "--format", "jsonl",
                           "--max-length-factor", 3, *search, text="".join(line + "\n" for line in sources))
    lines = [json.loads(line) for line in printed.splitlines()]
    return [line["translation"] for line in lines], [line["complete"] for line in lines]


def beside(found, complete, expected):
    """Lines that are equal, of those that come to their end: others are cut at another length."""
    pairs = [(a, b) for a, b, ends in zip(found, expected, complete) if ends]
    return {"equal": sum(a == b for a, b in pairs), "of": len(pairs)}


def check_int8(program, case, lines, folder):
    """In 8 bits Marian has one scale of activations for all rows of a batch, the program one for each row, so that text
    differs here and there."""
    theirs, eight = folder / "trained", folder / "int8"
    theirs.mkdir()
    eight.mkdir()
    vocabs = record_marian.train(theirs, case, SIZES, lines, PIECES, INT8_UPDATES)
    for vocab in set(vocabs):
        shutil.copy(vocab, eight)
    record_marian.marian("convert", "--from", theirs / "model.npz", "--to", eight / "student.bin", "--gemm-type", "intgemm8")
    ours = checking.imported(program, eight, folder / "ours-int8")
    references = folder / "references"
    references.write_text("".join(line + "\n" for line in lines[3][:INT8_LINES]), encoding="utf-8")
    result = {"case": f"{case} intgemm8"}
    for beam in (1, 4):
        expected = record_marian.decode(eight / "student.bin", vocabs, beam, lines[2][:INT8_LINES], 64).splitlines()
        found, complete = translated(program, ours, lines[2][:INT8_LINES], beam)
        result[f"beam {beam}"] = beside(found, complete, expected)
        result["BLEU"] = {"ours": bleu(program, references, found, folder),
                          "theirs": bleu(program, references, expected, folder)}
    return result | {"passed": abs(result["BLEU"]["ours"] - result["BLEU"]["theirs"]) <= 0.3}


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--case", choices=record_marian.CASES)
    options = parser.parse_args()
    lines, results = texts(), []
    for case in [options.case] if options.case else record_marian.CASES:
        with tempfile.TemporaryDirectory() as folder:
            results.append(check(options.program, case, lines, pathlib.Path(folder)))
            print(json.dumps(results[-1]), flush=True)
            if case in INT8_CASES:
                results.append(check_int8(options.program, case, lines, pathlib.Path(folder)))
                print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
