#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tokenizers of transformers' families on odd lines: ids of sources as transformers has them and as the program has
them of the imported model, templates included. Pieces are SentencePiece models learnt from this repository's documents.

  build/venv-parity/bin/python tests/interop/check_tokenizers.py PROGRAM [--lines N] [--json FILE]
"""

import json
import pathlib
import tempfile
import unicodedata
import warnings

import sentencepiece
import transformers

import checking
import families
from byte_bpe_lines import LINES, random_lines

ROOT = pathlib.Path(__file__).resolve().parents[2]
LANGUAGES = ["deu_Latn", "eng_Latn", "fra_Latn"]


def pieces(folder, name, size, **options):
    """A SentencePiece model as fairseq and Google make them."""
    text = [line for page in sorted((ROOT / "docs").glob("*.md")) for line in
            page.read_text(encoding="utf-8").splitlines() if line.strip()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_prefix=str(folder / name), vocab_size=size, minloglevel=2, **options)
    (folder / f"{name}.model").rename(folder / name)
    (folder / f"{name}.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / name))


def marian(folder):
    source, target = pieces(folder, "source.spm", 700), pieces(folder, "target.spm", 500)
    names = ["</s>", "<unk>"]
    for model in (source, target):
        names += [piece for i in range(model.get_piece_size()) if (piece := model.id_to_piece(i)) not in names]
    names = [name for name in names if name != "<s>"] + [">>deu<<", ">>fra<<", "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    families.LARGER["vocab_size"] = len(names)
    families.marian(activation_function="relu").save_pretrained(folder)
    tokenizer = transformers.MarianTokenizer.from_pretrained(folder)
    return lambda line: tokenizer(">>fra<<" + line)["input_ids"], ["--tgt-lang", "fra"]


def m2m100(folder):
    model = pieces(folder, "sentencepiece.bpe.model", 700, model_type="bpe")
    names = ["<s>", "<pad>", "</s>", "<unk>"] + [model.id_to_piece(i) for i in range(3, model.get_piece_size())]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    tokenizer = transformers.M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    codes = [f"__{code}__" for code in tokenizer.lang_code_to_id]
    (folder / "special_tokens_map.json").write_text(json.dumps({"additional_special_tokens": codes}))
    families.LARGER["vocab_size"] = len(names) + len(codes) + 8
    families.m2m().save_pretrained(folder)
    tokenizer.src_lang = "de"
    return lambda line: tokenizer(line)["input_ids"], ["--src-lang", "de", "--tgt-lang", "en"]


def t5(folder):
    model = pieces(folder, "spiece.model", 700, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    families.LARGER["vocab_size"] = model.get_piece_size() + 128
    families.t5().save_pretrained(folder)
    tokenizer = transformers.T5Tokenizer.from_pretrained(folder)
    return lambda line: tokenizer(line)["input_ids"], []


def pegasus(folder):
    model = pieces(folder, "spiece.model", 700, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    families.LARGER["vocab_size"] = model.get_piece_size() + 103
    families.pegasus().save_pretrained(folder)
    # transformers 5 reads such a file without its offset; PEGASUS' own ids are SentencePiece's, moved.
    return lambda line: [i if i < 2 else i + 103 for i in model.encode(line)] + [1], []


def is_comparable(line):
    """Without what is a token there by its name, and is text here, and what is white space to one and not to the other."""
    odd_space = any(c != " " and (c.isspace() or unicodedata.category(c) == "Cc") for c in line)
    return line.strip() and "<" not in line and ">>" not in line and not odd_space


def check(program, case, lines, folder):
    theirs, options = CASES[case](folder)
    ours = checking.imported(program, folder, folder / "ours")
    found = checking.run(program, "encode", "--model", ours, "--side", "src", "--output-format", "ids", "--special-tokens",
                         *options, text="".join(f"{line}\n" for line in lines)).split("\n")[:-1]
    pairs = [(found[i].split(), list(map(str, theirs(line)))) for i, line in enumerate(lines)]
    differ = [i for i, (a, b) in enumerate(pairs) if a != b]
    # Pieces of one sum of scores, in another order: which comes first is each library's own affair.
    ties = [i for i in differ if sorted(pairs[i][0]) == sorted(pairs[i][1])]
    wrong = [i for i in differ if i not in ties]
    for i in wrong[:5]:
        print(f"  of {lines[i]!r}\n    ours   {' '.join(pairs[i][0])}\n    theirs {' '.join(pairs[i][1])}")
    return {"case": case, "lines": len(lines), "wrong": len(wrong), "ties": len(ties), "passed": not wrong}


CASES = {"marian": marian, "m2m100": m2m100, "t5": t5, "pegasus": pegasus}


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--lines", type=int, default=2500)
    parser.add_argument("--case", choices=CASES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    lines = [line.translate({ord(c): " " for c in "\0\t\n\v\f\r"}) for line in [*LINES, *random_lines(options.lines, 1)]]
    lines = [line for line in lines if is_comparable(line)]
    results = []
    for case in [options.case] if options.case else CASES:
        families.LARGER.clear()
        with tempfile.TemporaryDirectory() as folder:
            results.append(check(options.program, case, lines, pathlib.Path(folder)))
        print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
