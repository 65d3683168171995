#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tokenizers of transformers' families (tokenizer_cases.py) on odd lines: ids of sources as transformers has them and
as the program has them of the imported model, templates included.

  build/venv-parity/bin/python tests/interop/check_tokenizers.py PROGRAM [--lines N] [--case NAME] [--json FILE]

Where the tokenizers library normalizes a line otherwise than the SentencePiece model that its pieces are of, its ids are
those of the line as SentencePiece normalizes it; such lines are counted.
"""

import json
import pathlib
import tempfile
import warnings

import transformers

import checking
import families
from byte_bpe_lines import LINES, random_lines
from tokenizer_cases import CASES

SHOWN = 5
ONE_LINE = {ord(c): " " for c in "\0\n\r"}  # what a line cannot hold


def encoded(program, model, options, lines):
    text = checking.run(program, "encode", "--model", model, "--side", "src", "--output-format", "ids", "--special-tokens",
                        "--quiet", *options, text="".join(f"{line}\n" for line in lines))
    return [list(map(int, line.split())) for line in text.split("\n")[:-1]]


def mended(case, lines, ours, theirs):
    """What theirs are of the lines as SentencePiece normalizes them, where that is what differs; and of how many lines."""
    differ = [i for i in range(len(lines)) if ours[i] != theirs[i]]
    if not differ or not case.of_normalized:
        return theirs, 0
    again = dict(zip(differ, case.of_normalized([lines[i] for i in differ])))
    otherwise = [i for i in differ if again[i] != theirs[i]]
    return [again[i] if i in again else ids for i, ids in enumerate(theirs)], len(otherwise)


def check(program, name, count, folder):
    case = CASES[name](folder)
    lines = [line.translate(ONE_LINE) for line in [*LINES, *random_lines(3 * count, 1)]]
    lines = [line for line in lines if not any(token in line for token in case.names)][:count]
    ours = encoded(program, checking.imported(program, folder, folder / "ours"), case.options, lines)
    theirs, otherwise = mended(case, lines, ours, case.theirs(lines))
    differ = [i for i in range(len(lines)) if ours[i] != theirs[i]]
    # Pieces of one sum of scores, in another order: which comes first is each library's own affair.
    ties = [i for i in differ if sorted(ours[i]) == sorted(theirs[i])]
    wrong = [i for i in differ if i not in ties]
    for i in wrong[:SHOWN]:
        print(f"  of {lines[i]!r}\n    ours   {ours[i]}\n    theirs {theirs[i]}")
    return {"case": name, "lines": {"equal": len(lines) - len(differ), "of": len(lines)}, "ties": len(ties),
            "normalized": otherwise, "passed": not wrong}


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--lines", type=int, default=12_000)
    parser.add_argument("--case", choices=CASES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    results = []
    for name in [options.case] if options.case else CASES:
        families.LARGER.clear()
        with tempfile.TemporaryDirectory() as folder:
            results.append(check(options.program, name, options.lines, pathlib.Path(folder)))
        print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
