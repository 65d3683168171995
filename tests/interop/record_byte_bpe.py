#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records in recorded/byte_bpe/ a small byte-level BPE and what transformers' BartTokenizer makes of odd lines with it.

The vocabulary is trained on our own documents, as tokenizer.json and as the older pair vocab.json and merges.txt. Special
tokens in the text are text (split_special_tokens), since for us they are. The C++ tests in src/text read the files; this
script only runs again when lines are added:

    python3 -m venv build/venv-byte-bpe
    build/venv-byte-bpe/bin/pip install tokenizers==0.23.3 transformers==5.24.0
    build/venv-byte-bpe/bin/python tests/interop/record_byte_bpe.py
"""

import importlib.metadata
import json
import pathlib
import random
import zlib

import tokenizers
import transformers

from byte_bpe_lines import LINES

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/interop/recorded/byte_bpe"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
PIECES = 600
# Long words: a unit, how often; of their ids there are too many to record, so a checksum.
LONG = [("a", 100_000), ("the", 30_000), ("ab", 50_000), ("你好", 10_000), (" ", 100_000), ("'s", 20_000), ("-=", 40_000)]


def train():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=PIECES, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    texts = [path.read_text() for path in sorted((ROOT / "docs").glob("*.md")) + [ROOT / "README.md"]]
    tokenizer.train_from_iterator(texts + LINES * 100, trainer)
    return tokenizer


def ids_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]


def decoded(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    trained = train()
    trained.save(str(OUT / "tokenizer.json"), pretty=False)
    trained.model.save(str(OUT))
    files = {"vocab": json.loads((OUT / "vocab.json").read_text()),
             "merges": [tuple(line.split(" ")) for line in (OUT / "merges.txt").read_text().splitlines()[1:]]}
    plain = transformers.BartTokenizer(**files)
    prefixed = transformers.BartTokenizer(**files, add_prefix_space=True)
    trained.encode_special_tokens = True
    lines = []
    for text in LINES:
        ids = ids_of(plain, text)
        assert ids == trained.encode(text, add_special_tokens=False).ids, text
        assert decoded(plain, ids) == text, text
        lines.append({"text": text, "ids": ids, "prefixed_ids": ids_of(prefixed, text)})
    long = []
    for unit, times in LONG:
        ids = ids_of(plain, unit * times + "x")
        long.append({"unit": unit, "times": times, "count": len(ids),
                     "crc32": zlib.crc32(" ".join(map(str, ids)).encode())})
    rng = random.Random(1)
    decodings = []
    for _ in range(25):
        ids = [rng.randrange(PIECES) for _ in range(rng.randrange(1, 15))]
        ids = [i for i in ids if i != SPECIAL.index("<unk>")]  # which leaves no trace there
        decodings.append({"ids": ids, "text": decoded(plain, ids)})
    cases = {"recorded_with": {name: importlib.metadata.version(name) for name in ("tokenizers", "transformers")},
             "lines": lines, "long": long, "decodings": decodings}
    text = json.dumps(cases, separators=(",", ":")).replace('{"text"', '\n{"text"').replace('{"ids"', '\n{"ids"')
    (OUT / "cases.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
