#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A student that Marian trains, in 8 bits with stored scales of activations as Firefox's are: what Bergamot's engine makes of
it, and what the program makes of the imported one, with its integers and scales, and dequantised.

  BERGAMOT=python3.10 build/venv-parity/bin/python tests/interop/check_bergamot.py PROGRAM [--json FILE]
      BERGAMOT: a Python 3.10 with the package bergamot (run_bergamot.py)
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import check_marian
import checking
import record_marian
from record_marian_int8 import FLOAT, INTGEMM8, SIGNED, File

LINES = 1000


def bergamot(folder, model, precision, lines):
    """What the engine says of lines."""
    config = folder / "bergamot.yml"
    config.write_text(f"""models: [{model}]
vocabs: [{folder}/vocab.spm, {folder}/vocab.spm]
gemm-precision: {precision}
beam-size: 1
normalize: 1.0
word-penalty: 0
max-length-break: 128
mini-batch: 64
mini-batch-words: 1024
maxi-batch: 1000
workspace: 128
max-length-factor: 3.0
ssplit-mode: sentence
skip-cost: true
cpu-threads: 0
""")
    done = subprocess.run([os.environ["BERGAMOT"], pathlib.Path(__file__).parent / "run_bergamot.py", config],
                          input="".join(line + "\n" for line in lines), capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"bergamot {model}\n{done.stderr}")
    return done.stdout.splitlines()


def scales_of(npz):
    """Of activations, for each weight: guesses, since both sides have the same. (The engine would log the largest activations
    that it sees, dump-quantmult, but its Python package then hangs.)"""
    weights = [name for name in np.load(npz) if re.search("_W.?$", name)]
    return {f"{name}_QuantMultA": np.float32(127 / (12 if name.endswith("_W2") else 8)) for name in weights + ["Wemb", "none"]}


def write_int8(npz, scales, path):
    """The model as Bergamot's marian-conv writes it."""
    file = File()
    for name, values in np.load(npz).items():
        if name.startswith("special:"):
            file.add(name, SIGNED, values.shape, values.tobytes())
        elif re.search("_W.?$", name) or "Wemb" in name:
            multiplier = np.float32(127) / np.abs(values).max()
            levels = np.clip(np.rint(values * multiplier), -127, 127).astype(np.int8)
            lies = levels if "Wemb" in name else levels.T
            file.add(name, INTGEMM8, values.shape, lies.tobytes() + multiplier.tobytes())
        else:
            file.add(name, FLOAT, values.shape, values.astype(np.float32).tobytes())
    for name, scale in scales.items():
        file.add(name, FLOAT, (1,), scale.tobytes())
    file.write(path)


def check(program, folder):
    train_src, train_tgt, sources, targets = check_marian.texts()
    sources = sources[:LINES]
    theirs, student, references = folder / "theirs", folder / "student", folder / "references"
    theirs.mkdir()
    student.mkdir()
    references.write_text("".join(line + "\n" for line in targets[:LINES]), encoding="utf-8")
    record_marian.train(theirs, "ssru", check_marian.SIZES, (train_src, train_tgt), 2000, check_marian.INT8_UPDATES)
    shutil.copy(theirs / "vocab.spm", student)
    write_int8(theirs / "model.npz", scales_of(theirs / "model.npz"), student / "student.bin")
    expected = bergamot(student, student / "student.bin", "int8shiftAlphaAll", sources)
    kept = checking.imported(program, student, folder / "kept")
    f32 = checking.imported(program, student, folder / "f32", "--dequantize")
    found, complete = check_marian.translated(program, kept, sources, 1, checking.MEAN)
    equal = check_marian.beside(found, complete, expected)
    without = check_marian.beside(*check_marian.translated(program, f32, sources, 1, checking.MEAN), expected)
    ours_bleu, theirs_bleu = (check_marian.bleu(program, references, lines, folder) for lines in (found, expected))
    return {"case": "student with stored scales", "BLEU": {"ours": ours_bleu, "theirs": theirs_bleu}, "beam 1": equal,
            "without": without, "passed": abs(ours_bleu - theirs_bleu) <= 0.3 and equal["equal"] >= 0.95 * equal["of"]}


def main():
    options = checking.arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [check(options.program, pathlib.Path(folder))]
    print(json.dumps(results[0]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
