#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_byte_bpe.py PROGRAM: compares `dragoman encode` and `decode` with Hugging Face's tokenizers on many odd lines.

The vocabulary is the recorded one, or any tokenizer.json of a byte-level BPE (--vocabulary), as it is and with
add_prefix_space turned round. Needs tokenizers (record_byte_bpe.py says how). Exits 1 after showing the first lines that
differ.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import tokenizers

from byte_bpe_lines import LINES, random_lines

RECORDED = pathlib.Path(__file__).resolve().parent / "recorded/byte_bpe/tokenizer.json"
SHOWN = 5


def run(program, *arguments, text):
    done = subprocess.run([program, *arguments], input=text.encode(), stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode().split("\n")
    return lines[:-1]


def as_one_line(text):
    return text.translate({ord("\n"): " ", ord("\r"): " ", 0: " "})


def differences(inputs, ours, theirs):
    if len(ours) != len(theirs):
        print(f"{len(ours)} lines came back of {len(theirs)}")
        return 1
    wrong = [i for i in range(len(inputs)) if ours[i] != theirs[i]]
    for i in wrong[:SHOWN]:
        print(f"  of {inputs[i]!r}\n    ours   {ours[i]!r}\n    theirs {theirs[i]!r}")
    return len(wrong)


def check(program, settings, lines, rng):
    """How many lines differ."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tokenizer.json"
        path.write_text(json.dumps(settings))
        theirs = tokenizers.Tokenizer.from_file(str(path))
        theirs.encode_special_tokens = True  # text that looks like a special token is text to us
        expected = [" ".join(map(str, theirs.encode(line, add_special_tokens=False).ids)) for line in lines]
        found = run(program, "encode", "--vocab", path, "--output-format", "ids", text="".join(f"{x}\n" for x in lines))
        wrong = differences(lines, found, expected)
        unknown = theirs.token_to_id("<unk>")
        usual = [i for i in range(theirs.get_vocab_size()) if i != unknown]  # which leaves no trace there, but does here
        inputs = [[rng.choice(usual) for _ in range(rng.randrange(1, 20))] for _ in lines]
        expected = [theirs.decode(ids, skip_special_tokens=True) for ids in inputs]
        if settings["pre_tokenizer"]["add_prefix_space"]:
            expected = [text.removeprefix(" ") for text in expected]
        found = run(program, "decode", "--vocab", path, "--input-format", "ids",
                    text="".join(" ".join(map(str, ids)) + "\n" for ids in inputs))
        return wrong + differences(inputs, found, [as_one_line(text) for text in expected])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default="build/release/dragoman")
    parser.add_argument("--vocabulary", type=pathlib.Path, default=RECORDED)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    settings = json.loads(options.vocabulary.read_text())
    settings["post_processor"] = settings["truncation"] = settings["padding"] = None
    lines = [line for line in LINES if not set("\n\r\0") & set(line)] + random_lines(options.lines, options.seed)
    wrong = 0
    for prefix in (False, True):
        settings["pre_tokenizer"]["add_prefix_space"] = prefix
        wrong += check(options.program, settings, lines, random.Random(options.seed))
    print(f"{wrong} of {4 * len(lines)} lines differ")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
