# SPDX-License-Identifier: Apache-2.0
"""Tokenizers of transformers' families, with small vocabularies, in directories as transformers saves them beside a random
model; for check_tokenizers.py. Pieces are learnt from this repository's documents, its phrase book and odd lines."""

import dataclasses
import json
import pathlib
import typing

import sentencepiece
import tokenizers
import transformers as hf
from transformers.models.nllb import tokenization_nllb

import families
from byte_bpe_lines import random_lines

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOGLE = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}  # how T5 and PEGASUS number their first pieces
MADLAD_TAGS = [f"<2{code}>" for code in "cs de en es fr it ja pt ru zh zh_Latn".split()]


@dataclasses.dataclass
class Case:
    theirs: typing.Callable  # a list of lines to a list of lists of ids, as the model is given them
    options: tuple = ()  # of dragoman encode
    of_normalized: typing.Callable | None = None  # the same, of lines that SentencePiece itself has normalized
    names: tuple = ()  # of tokens that theirs finds in text, whatever it is told; to us text is text


def text():
    pages = [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples/phrasebook").glob("train.*"))]
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines() if line.strip()]
    return lines + random_lines(600, 2)


def pieces(folder, name, size=3000, **options):
    """A SentencePiece model as fairseq and Google make them."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text()), model_prefix=str(folder / name), vocab_size=size, character_coverage=0.99,
        minloglevel=2, **options)
    (folder / f"{name}.model").rename(folder / name)
    (folder / f"{name}.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / name))


def save_model(folder, rows, make):
    families.LARGER["vocab_size"] = rows
    make().save_pretrained(folder)


def as_ids(tokenizer, prefix=""):
    """Of text in which names of special tokens are text, as they are to us."""
    return lambda lines: tokenizer([prefix + line for line in lines], split_special_tokens=True)["input_ids"]


def by_tokenizers(tokenizer, model, options=(), prefix=""):
    """A case of a class that has pieces and rules of SentencePiece in the tokenizers library's own form. Where that is a
    unigram model, added tokens and bytes are pieces like others, and so found in text that spells their names."""
    backend, theirs = tokenizer.backend_tokenizer, as_ids(tokenizer, prefix)
    is_unigram = isinstance(backend.model, tokenizers.models.Unigram)
    names = set()
    if is_unigram:
        names.update(tokenizer.all_special_tokens, tokenizer.added_tokens_encoder)
        names.update(model.id_to_piece(i) for i in range(model.get_piece_size()) if model.is_byte(i))

    def of_normalized(lines):
        rules, cuts = backend.normalizer, backend.pre_tokenizer
        backend.normalizer = tokenizers.normalizers.Sequence([])
        backend.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()  # which knows no white space but the space
        ids = theirs([model.normalize(line).replace("\u2581", " ").strip(" ") for line in lines])
        backend.normalizer, backend.pre_tokenizer = rules, cuts
        return ids

    return Case(theirs, options, of_normalized, tuple(names))


def marian(folder):
    source, target = pieces(folder, "source.spm"), pieces(folder, "target.spm", 2500)
    names = ["</s>", "<unk>"]
    for model in (source, target):
        names += [piece for i in range(model.get_piece_size()) if (piece := model.id_to_piece(i)) not in {*names, "<s>"}]
    names += [">>deu<<", ">>fra<<", "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    tokenizer = hf.MarianTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_model(folder, len(names), lambda: families.marian(activation_function="relu"))
    return Case(as_ids(tokenizer, ">>fra<<"), ("--tgt-lang", "fra"))


def m2m100(folder):
    model = pieces(folder, "sentencepiece.bpe.model", model_type="bpe")
    names = ["<s>", "<pad>", "</s>", "<unk>"] + [model.id_to_piece(i) for i in range(3, model.get_piece_size())]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    tokenizer = hf.M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"), src_lang="de")
    tokenizer.save_pretrained(folder)
    save_model(folder, len(names) + len(tokenizer.lang_code_to_id) + 8, families.m2m)
    return Case(as_ids(tokenizer), ("--src-lang", "de", "--tgt-lang", "en"))


def nllb(folder, legacy=False):
    model = pieces(folder, "sentencepiece.bpe.model", model_type="bpe")
    tokenizer = hf.NllbTokenizer.from_pretrained(folder, src_lang="deu_Latn", legacy_behaviour=legacy,
                                                 extra_special_tokens=tokenization_nllb.FAIRSEQ_LANGUAGE_CODES)
    tokenizer.save_pretrained(folder)
    save_model(folder, len(tokenizer), families.m2m)
    return by_tokenizers(tokenizer, model, ("--src-lang", "deu_Latn", "--tgt-lang", "eng_Latn"))


def mbart(folder):
    model = pieces(folder, "sentencepiece.bpe.model")
    tokenizer = hf.MBartTokenizer.from_pretrained(folder, src_lang="de_DE")
    tokenizer.save_pretrained(folder)
    start = tokenizer.convert_tokens_to_ids("en_XX")
    save_model(folder, len(tokenizer), lambda: families.mbart(decoder_start_token_id=start))
    return by_tokenizers(tokenizer, model, ("--src-lang", "de_DE"))


def mbart50(folder):
    model = pieces(folder, "sentencepiece.bpe.model")
    tokenizer = hf.MBart50Tokenizer.from_pretrained(folder, src_lang="de_DE")
    tokenizer.save_pretrained(folder)
    save_model(folder, len(tokenizer), families.mbart)
    return by_tokenizers(tokenizer, model, ("--src-lang", "de_DE", "--tgt-lang", "en_XX"))


def t5(folder, options=(), prefix="", **training):
    """Its sentinels are names of tokens, too."""
    model = pieces(folder, "spiece.model", **GOOGLE, **training)
    tokenizer = hf.T5Tokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_model(folder, len(tokenizer) + 28, families.t5)
    return by_tokenizers(tokenizer, model, options, prefix)


def madlad(folder):
    return t5(folder, ("--tgt-lang", "de"), "<2de> ", user_defined_symbols=MADLAD_TAGS)


def umt5(folder):
    """Which transformers takes for what SentencePiece's file says, bytes included; that </s> follows a sentence stands in
    the tokenizer.json of such models."""
    model = pieces(folder, "spiece.model", byte_fallback=True, **GOOGLE)
    save_model(folder, model.get_piece_size() + 128, families.umt5)
    tokenizer = hf.TokenizersBackend.from_pretrained(folder, vocab_file=str(folder / "spiece.model"))
    tokenizer.backend_tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", GOOGLE["eos_id"])])
    return by_tokenizers(tokenizer, model)


def pegasus(folder):
    model = pieces(folder, "spiece.model", **GOOGLE)
    tokenizer = hf.PegasusTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_model(folder, len(tokenizer), families.pegasus)
    return by_tokenizers(tokenizer, model)


def byte_bpe(folder):
    """A vocabulary such as GPT-2's, with BART's special tokens first."""
    trained = tokenizers.Tokenizer(tokenizers.models.BPE())
    trained.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=3000, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    trained.train_from_iterator(text(), trainer)
    trained.model.save(str(folder))


def bart(folder, as_pair=False):
    byte_bpe(folder)
    tokenizer = hf.BartTokenizer.from_pretrained(folder)
    if not as_pair:
        for name in ("vocab.json", "merges.txt"):
            (folder / name).unlink()
        tokenizer.save_pretrained(folder)
    save_model(folder, len(tokenizer), families.bart)
    return Case(as_ids(tokenizer))


CASES = {
    "marian": marian, "m2m100": m2m100, "nllb": nllb, "nllb_legacy": lambda folder: nllb(folder, legacy=True),
    "mbart": mbart, "mbart50": mbart50, "t5": t5, "madlad": madlad, "umt5": umt5, "pegasus": pegasus, "bart": bart,
    "bart_pair": lambda folder: bart(folder, as_pair=True),
}
