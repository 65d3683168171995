#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records in recorded/unigram/ small Unigram vocabularies as SentencePiece has them and as transformers saves them, in
tokenizer.json, and what transformers makes of some lines with these. They are trained on our own documents.

  build/venv-parity/bin/python tests/interop/record_unigram.py
"""

import json
import pathlib
import shutil
import tempfile

import sentencepiece
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/interop/recorded/unigram"
PIECES = 300
# Of white space, a ligature, a wide letter, dots: few, so that the file is small.
RULES = "A0\t20\n3000\t20\n9\t20\nFB01\t66 69\nFF21\t41\n2026\t2E 2E 2E\n"
FAMILIES = {
    "t5": ("T5Tokenizer", "spiece", dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)),
    "pegasus": ("PegasusTokenizer", "spiece", dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)),
    "mbart": ("MBartTokenizer", "sentencepiece.bpe", dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1)),
}
LINES = ["A line of text is a sentence.", "the  model's   pieces", " and one in front", "translations", "x", "",
         "über 42 %, (naïve) – “quoted” 我爱你 text", "你好", "a你b你你c", "`dragoman translate --model RUN`", "supercalifragilistic", "0.125e-7", "ÅåÄäÖö", "\U0001f408 cat", "e\u0301"]
# For those that have rules: mBART's tokenizer.json has lost them.
RULED = ["a\u00a0b\u3000c", "\ufb01ne \uff21 line\u2026", "tab\tand more"]


def train(folder, options):
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
    (folder / "text").write_text("\n".join(texts), encoding="utf-8")
    (folder / "rules.tsv").write_text(RULES, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text"), model_prefix=str(folder / "model"), vocab_size=PIECES, model_type="unigram",
        character_coverage=0.999, normalization_rule_tsv=str(folder / "rules.tsv"), num_threads=1, minloglevel=2, **options)
    return folder / "model.model"


def record(family, folder):
    tokenizer_class, name, options = FAMILIES[family]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        model = train(scratch, options)
        (scratch / "source").mkdir()
        shutil.copy(model, scratch / "source" / f"{name}.model")
        tokenizer = getattr(transformers, tokenizer_class).from_pretrained(str(scratch / "source"))
        tokenizer.save_pretrained(str(scratch / "saved"))
        shutil.copy(model, folder / f"{name}.model")
        shutil.copy(scratch / "saved/tokenizer.json", folder / "tokenizer.json")
    lines = LINES + (RULED if family != "mbart" else [])
    cases = [{"text": line, "ids": tokenizer(line, add_special_tokens=False)["input_ids"]} for line in lines]
    (folder / "cases.json").write_text(json.dumps({"rows": len(tokenizer), "cases": cases}, ensure_ascii=False, indent=0),
                                       encoding="utf-8")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for family in FAMILIES:
        (OUT / family).mkdir(parents=True)
        record(family, OUT / family)


if __name__ == "__main__":
    main()
