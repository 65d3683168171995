#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random models of every family that CTranslate2's converter knows, laid out by it in f32, f16, with 8 and 16 bits: what
CTranslate2 computes in f32 with them, and what the program does with the imported ones. Of 8 bits also what CTranslate2
computes with the integers themselves ("kept"), which the program keeps.

  build/venv-parity/bin/python tests/interop/check_ctranslate2.py PROGRAM [--json FILE]
"""

import json
import pathlib
import tempfile

import transformers

import checking
import record_ctranslate2
from check_huggingface import LARGER

CASES = [(name, kind) for name in ("marian", "bart", "pegasus_gelu", "m2m100", "t5", "t5_v1_1")
         for kind in (None, "float16", "int8", "int8 kept", "int16")]
LINES = 100


def check(program, name, kind, folder):
    theirs = folder / "theirs"
    record_ctranslate2.record(theirs, name, kind and kind.split()[0], LINES, LARGER,
                              compute_type="int8" if kind == "int8 kept" else "float32")
    ours = checking.imported(program, theirs, folder / "ours", *(["--dequantize"] if kind == "int8" else []))
    expected = [float(line) for line in (theirs / "scores").read_text().split()]
    found = checking.scores(program, ours, theirs)
    differences = sorted(abs(a - b) for a, b in zip(found, expected))
    # Of integers most sentences agree; one activation that is rounded the other way is more than floats ever differ by.
    kept = kind == "int8 kept"
    close = differences[LINES // 2] <= 1e-4 if kept else differences[-1] <= 1e-2
    text = checking.run(program, "translate", "--model", ours, "--beam-size", 1, "--stopping", "beam", *checking.SEARCH,
                        "--max-length", 20, "--min-length", 2, "--max-length-factor", 1000,
                        text=(theirs / "src").read_text()).splitlines()
    equal = sum(a == b for a, b in zip(text, (theirs / "beam1").read_text(encoding="utf-8").splitlines()))
    return {"case": f"{name} {kind or 'f32'}", "log-probabilities": differences[-1], "median": differences[LINES // 2],
            "beam 1": {"equal": equal, "of": LINES},
            "passed": close and equal >= (0.95 if kept else 0.98) * LINES}


def main():
    options = checking.arguments(__doc__).parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    results = []
    for name, kind in CASES:
        with tempfile.TemporaryDirectory() as folder:
            results.append(check(options.program, name, kind, pathlib.Path(folder)))
        print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
