#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models that the program trains for some updates and exports to Marian: what Marian's scorer says of targets, what its
decoder finds, and what the program does.

  build/venv-parity/bin/python tests/interop/check_export_marian.py PROGRAM [--json FILE] [--case NAME]
"""

import json
import pathlib
import shutil
import tempfile

import sentencepiece

import checking
import exporting
from record_marian import marian

# What every model of Marian's has.
MARIANS = ("--norm-epsilon", 1e-6, "--sinusoid-exponent", "tensor2tensor", "--decoder-start", -1)
CASES = {
    "post-norm, interleaved sinusoids": (),
    "pre-norm": ("--norm-order", "pre", "--final-norm", "--activation", "gelu", "--tying", "embeddings", "--output-bias"),
    "ssru": ("--decoder-ssru", "--sinusoid-layout", "halves", "--output-bias"),
    "two vocabularies, embedding norm": ("--tying", "decoder", "--embedding-norm", "--activation", "silu", "--output-bias"),
    "no positions, untied": ("--positions", "none", "--no-scale-embedding", "--tying", "none", "--activation", "gelu"),
}
# Marian's decoder (1.12.42) leaves out a norm of self-attention there: record_marian.py.
ONLY_SCORES = {"pre-norm"}


def check(program, case, folder):
    model = exporting.trained(program, folder, MARIANS + CASES[case], two_vocabularies="two vocabularies" in case)
    theirs, _ = exporting.exported(program, model, "marian", folder / "theirs")
    vocabs = [theirs / name for name in (("src.spm", "trg.spm") if "two vocabularies" in case else ("vocab.spm", "vocab.spm"))]
    scored = [float(line) for line in marian("score", "--model", theirs / "model.npz", "--train-sets", folder / "src",
                                             folder / "tgt", "--vocabs", *vocabs, "--cpu-threads", 1).split()]
    ours = checking.scores(program, model, folder)
    result = {"case": case, "log-probabilities": max(abs(a - b) for a, b in zip(scored, ours, strict=True))}
    result["passed"] = result["log-probabilities"] <= 1e-3
    for beam in () if case in ONLY_SCORES else (1, 4):
        found = marian("decode", "--config", theirs / "decoder.yml", "--beam-size", beam, "--mini-batch", 1, "--allow-unk",
                       "--cpu-threads", 1, text=(folder / "src").read_text(encoding="utf-8")).splitlines()
        agreed = exporting.agreement(exporting.translations(program, model, folder, beam, "--stopping", "narrow", "--max-length-factor", 2), found)
        result[f"beam {beam}"] = agreed
        # What Marian cuts at its limit it ranks among what ends, by its score; here it comes after it.
        result["passed"] &= agreed["of"] > 0 and agreed["equal"] >= (0.99 if beam == 1 else 0.95) * agreed["of"]
    again = checking.imported(program, theirs, folder / "again")
    result["again"] = max(abs(a - b) for a, b in zip(checking.scores(program, again, folder), ours, strict=True))
    result["passed"] &= result["again"] <= 1e-3
    return result


def check_words(program, folder):
    """A model of a vocabulary that lists words goes back and forth with its .yml: text is cut into pieces."""
    model = exporting.trained(program, folder, MARIANS)
    theirs, _ = exporting.exported(program, model, "marian", folder / "theirs")
    words = folder / "words"
    words.mkdir()
    shutil.copy(theirs / "model.npz", words)
    segmenter = sentencepiece.SentencePieceProcessor(model_file=str(theirs / "vocab.spm"))
    exporting.write(words / "vocab.yml", [f"{json.dumps(segmenter.id_to_piece(i))}: {i}" for i in range(segmenter.get_piece_size())])
    ours = checking.imported(program, words, folder / "ours")
    again, _ = exporting.exported(program, ours, "marian", folder / "again")
    exporting.write(folder / "src", [" ".join(segmenter.encode(line, out_type=str))
                                     for line in (folder / "src").read_text(encoding="utf-8").splitlines()])
    found = marian("decode", "--config", again / "decoder.yml", "--beam-size", 1, "--mini-batch", 1, "--allow-unk", "--cpu-threads", 1,
                   text=(folder / "src").read_text(encoding="utf-8")).splitlines()
    agreed = exporting.agreement(exporting.translations(program, ours, folder, 1, "--max-length-factor", 2), found)
    return {"case": "a vocabulary in a .yml", "log-probabilities": 0, "beam 1": agreed,
            "passed": agreed["of"] > 0 and agreed["equal"] == agreed["of"]}


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--case", choices=[*CASES, "words"])
    options = parser.parse_args()
    results = []
    for case in [options.case] if options.case else [*CASES, "words"]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            results.append(check_words(options.program, path) if case == "words" else check(options.program, case, path))
        print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
