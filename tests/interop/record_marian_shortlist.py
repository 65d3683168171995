#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/interop/recorded/marian_shortlist: a lexical shortlist of a few words, as the text that Marian reads and
in the binary form that marian-conv makes of it; and what Marian finds with a shortlist, for a recorded model of
record_marian.py.

  build/venv-parity/bin/python tests/interop/record_marian_shortlist.py [FOLDER]   FOLDER: instead of that in the repository
"""

import pathlib
import shutil
import sys

import sentencepiece

from record_marian import ROOT, marian

FOLDER = ROOT / "tests/interop/recorded/marian_shortlist"
MODEL = ROOT / "tests/interop/recorded/marian/two_tables"
FREQUENT, PER_WORD = 5, 2
SOURCE = ["</s>", "<unk>", "the", "a", "cat", "dog", "sees", "house", "old", "."]
TARGET = ["</s>", "<unk>", ".", "der", "die", "das", "ein", "eine", "Katze", "Kater", "Hund", "sieht", "Haus", "alt", "alte"]
# target, source, probability, as Marian reads them. Ties, a word that the vocabularies lack, words of none.
ENTRIES = [
    ("der", "the", 0.4), ("die", "the", 0.3), ("das", "the", 0.3), ("ein", "a", 0.6), ("eine", "a", 0.35),
    ("NULL", "a", 0.05), ("Katze", "cat", 0.7), ("Kater", "cat", 0.25), ("die", "cat", 0.05), ("Hund", "dog", 1),
    ("sieht", "sees", 0.9), ("schaut", "sees", 0.1), ("Haus", "house", 0.8), ("das", "house", 0.2), ("alte", "old", 0.5),
    ("alt", "old", 0.5), ("der", "wolf", 0.5), ("Hund", "wolf", 0.2), (".", ".", 1), ("das", "NULL", 0.1),
]


def write_words(path, words):
    path.write_text("".join(f"\"{word}\": {number}\n" for number, word in enumerate(words)), encoding="utf-8")


def write_entries(path, entries):
    path.write_text("".join(f"{target} {source} {probability}\n" for target, source, probability in entries),
                    encoding="utf-8")


def record_forms(folder):
    write_words(folder / "src.yml", SOURCE)
    write_words(folder / "tgt.yml", TARGET)
    text = folder / "lex.s2t"
    write_entries(text, ENTRIES)
    marian("convert", "--shortlist", text, FREQUENT, PER_WORD, 0, "--dump-shortlist", folder / "lex.s2t.bin", "--vocabs",
           folder / "src.yml", folder / "tgt.yml")


def pieces(path):
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [model.id_to_piece(number) for number in range(model.get_piece_size())]


def entries_of(source, target):
    """A piece is translated as itself, since the model says its source backwards, or as another of the same eight: so each
    list has a multiple of 8, to which Marian would fill it up. One more is unlikely, and beyond what is taken of each."""
    for piece in source:
        if piece in target:
            number = target.index(piece)
            first = number // 8 * 8
            yield from ((other, piece, 0.9 if other == piece else 0.01) for other in target[first:first + 8])
            yield target[(number + 8) % len(target)], piece, 0.001


def record_translations(folder):
    vocabs = [MODEL / "src.spm", MODEL / "trg.spm"]
    source, target = map(pieces, vocabs)
    text = folder / "lex.s2t"
    assert len(target) % 8 == 0
    write_entries(text, entries_of(source, target))
    found = marian("decode", "--models", MODEL / "model.npz", "--vocabs", *vocabs, "--cpu-threads", "1", "--beam-size", "1",
                   "--normalize", "1", "--mini-batch", "1", "--max-length-factor", "3", "--allow-unk", "--shortlist", text,
                   "8", "8", "0", text=(MODEL / "src").read_text(encoding="utf-8"))
    (folder / "beam1").write_text(found, encoding="utf-8")
    (folder / "decoder.yml").write_text("models:\n  - model.npz\nvocabs:\n  - src.spm\n  - trg.spm\nshortlist:\n"
                                        "  - lex.s2t\n  - 8\n  - 8\n  - 0\n", encoding="utf-8")


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    shutil.rmtree(out, ignore_errors=True)
    for name, record in {"words": record_forms, "two_tables": record_translations}.items():
        folder = out / name
        folder.mkdir(parents=True)
        record(folder)


if __name__ == "__main__":
    main()
