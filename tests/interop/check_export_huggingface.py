#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models of ours in transformers. Trained here for some updates to say sentences of a few words backwards: exported,
transformers makes the same ids of text and finds the same translations, greedy and with a beam of 4, from text to
text. Of the families (families.py), imported and exported: the same weights, the same output; of their tokenizers
(check_tokenizers.py): the same ids.

  build/venv-parity/bin/python tests/interop/check_export_huggingface.py PROGRAM [--case NAME] [--json FILE]

Exits 1 when something is not equal.
"""

import json
import pathlib
import random
import tempfile
import unicodedata
import warnings

import torch
import transformers

import tokenizer_cases
import checking
import families

LARGER = {"num_layers": 2, "d_model": 24, "vocab_size": 120}
LINES, LIMIT = 96, 40
TOLERANCE = 2e-5  # of the largest log-probability
SIZES = ("--encoder-layers", 2, "--decoder-layers", 2, "--d-model", 48, "--heads", 4, "--d-ff", 96, "--max-src-len", 128,
         "--max-tgt-len", 128)
T5 = ("--norm-order", "pre", "--final-norm", "--norm-kind", "rms", "--no-norm-bias", "--no-bias", "--no-scale-embedding",
      "--positions", "none", "--attention-scale", 1, "--relative-buckets", 32)
# What is trained, what becomes of it, and whether with two vocabularies.
TRAINED = {
    "trained by default": ((), "marian", False),
    "trained, two vocabularies": ((), "marian", True),
    "trained, nothing tied": (("--tying", "none", "--output-bias"), "marian", False),
    "trained, embeddings tied": (("--tying", "embeddings"), "marian", False),
    "trained, pre-norm": (("--norm-order", "pre", "--final-norm", "--activation", "gelu"), "pegasus", False),
    "trained, learned positions": (("--positions", "learned", "--embedding-norm"), "bart", False),
    "trained, pre-norm, learned positions": (("--positions", "learned", "--embedding-norm", "--norm-order", "pre",
                                              "--final-norm"), "mbart", False),
    "trained, as M2M100": (("--norm-order", "pre", "--final-norm", "--sinusoid-exponent", "tensor2tensor",
                            "--first-position", 2, "--decoder-start", 2), "m2m_100", False),
    "trained, relative positions": ((*T5, "--gated"), "t5", False),
}


def texts():
    choice = random.Random(1)
    words = ["".join(choice.choices("abcdefghijklmnoprstuwäß", k=choice.randint(1, 8))) for _ in range(60)]
    lines = [" ".join(choice.choices(words, k=choice.randint(2, 6))) + choice.choice(".!?") for _ in range(4000)]
    return lines, [" ".join(reversed(line.split())) for line in lines]


def trained(program, case, folder):
    """A model's directory, and what transformers is to find there."""
    flags, model_type, is_two = TRAINED[case]
    lines = texts()
    for side, text in zip(("src", "tgt"), lines):
        (folder / f"train.{side}").write_text("\n".join(text) + "\n", encoding="utf-8")
    sides = ["src"], ["tgt"]
    vocabs = []
    for number, names in enumerate(sides if is_two else [["src", "tgt"]]):
        vocabs.append(folder / f"{number}.model")
        checking.run(program, "vocab", "--input", *(folder / f"train.{name}" for name in names), "--size",
                     80 - 10 * number, "--output", vocabs[-1])
    vocab_flags = ("--src-vocab", vocabs[0], "--tgt-vocab", vocabs[1]) if is_two else ("--vocab", vocabs[0])
    checking.run(program, "train", "--train-src", folder / "train.src", "--train-tgt", folder / "train.tgt", *vocab_flags,
                 *SIZES, *flags, "--max-steps", 250, "--batch-tokens", 1500, "--learning-rate", 0.003, "--warmup", 20,
                 "--threads", 2, "--output", folder / "run")
    return folder / "run", model_type, lines


def log_probs(model, inputs, targets):
    """Of whole targets, </s> included, one by one; in float64."""
    start, found = model.config.decoder_start_token_id, []
    for source, target in zip(inputs, targets):
        with torch.no_grad():
            out = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([[start] + target[:-1]]))
        rows = out.logits[0].double().log_softmax(-1)
        found.append([rows[i, token].item() for i, token in enumerate(target)])
    return found


def encoded(program, run, side, text):
    ids = checking.run(program, "encode", "--model", run, "--side", side, "--output-format", "ids", "--special-tokens",
                       text=text).splitlines()
    return [list(map(int, line.split())) for line in ids]


def compared(model, tokenizer, program, run, sources, beams):
    batch = tokenizer(sources, return_tensors="pt", padding=True)
    out = model.generate(**batch, num_beams=beams, max_new_tokens=LIMIT, early_stopping=False)
    theirs = tokenizer.batch_decode(out, skip_special_tokens=True)
    ours = checking.run(program, "translate", "--model", run, "--beam-size", beams, "--stopping", "full", "--quiet",
                        "--length-penalty", 1, "--length-penalty-form", "power", "--max-length", LIMIT,
                        "--max-length-factor", 1000, text="".join(f"{line}\n" for line in sources)).split("\n")[:-1]
    eos = model.generation_config.eos_token_id
    # Their tokenizers leave no blank at the end of a text that ends in one.
    pairs = [(a.strip(), b) for a, b, row in zip(ours, theirs, out.tolist()) if beams == 1 or eos in row[1:]]
    for line, want in [pair for pair in pairs if pair[0] != pair[1]][:1]:
        print(f"  ours   {line}\n  theirs {want}")
    return {"equal": sum(a == b for a, b in pairs), "of": len(pairs), "different": len(set(ours))}


def check_trained(program, case, folder):
    run, model_type, (src, tgt) = trained(program, case, folder)
    checking.run(program, "export", "--model", run, "--to", "huggingface", "--output", folder / "theirs")
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder / "theirs").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "theirs")
    src, tgt = src[:LINES], tgt[:LINES]
    result = {"case": f"{case}: {model_type}"}
    ids = [encoded(program, run, side, "".join(f"{line}\n" for line in lines))
           for side, lines in (("src", src), ("tgt", tgt))]
    same_ids = ids == [tokenizer(src)["input_ids"], tokenizer(text_target=tgt)["input_ids"]]
    if not same_ids:
        print(f"  ids differ, of {src[0]!r}: {ids[0][0]} and {tokenizer(src[0])['input_ids']}")
    for beams in (1, 4):
        result[f"beam {beams}"] = compared(model, tokenizer, program, run, src, beams)
    for side, lines in (("src", src), ("tgt", tgt)):
        (folder / side).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    scored = checking.run(program, "score", "--model", run, "--src", folder / "src", "--tgt", folder / "tgt", "--format",
                          "jsonl", "--quiet").splitlines()
    expected = log_probs(model.double(), *ids)
    found = [json.loads(line)["token_log_probs"] for line in scored]
    result["log-probabilities"] = max(abs(a - b) / max(map(abs, want)) for some, want in zip(found, expected)
                                      for a, b in zip(some, want))
    result["passed"] = (same_ids and model.config.model_type == model_type and result["log-probabilities"] <= TOLERANCE
                        and all(result[key]["equal"] == result[key]["of"] for key in ("beam 1", "beam 4")))
    return result


def check_family(program, case, folder):
    """What transformers makes, as it is and by way of us."""
    model = families.make(case, larger=LARGER)
    model.save_pretrained(folder / "theirs")
    checking.imported(program, folder / "theirs", folder / "ours")
    checking.run(program, "export", "--model", folder / "ours", "--to", "huggingface", "--output", folder / "again")
    again = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder / "again").eval()
    weights, theirs = again.state_dict(), model.state_dict()
    # Of learned positions the first two rows are no token's.
    used = {name: 2 if "embed_positions" in name and case.startswith(("bart", "mbart")) else 0 for name in theirs}
    same = weights.keys() == theirs.keys() and all(
        torch.equal(weights[name][first:], theirs[name][first:]) for name, first in used.items())
    choice = random.Random(1)
    ids = torch.tensor([choice.choices(range(4, model.config.vocab_size - 8), k=9) + [families.eos_of(model)]
                        for _ in range(LINES)])
    result = {"case": f"{case} and back"}
    for beams in (1, 4):
        options = {"num_beams": beams, "max_new_tokens": 30, "attention_mask": torch.ones_like(ids), "early_stopping": False,
                   "bad_words_ids": again.generation_config.bad_words_ids, "forced_eos_token_id": None}
        one, other = (some.generate(ids, **options).tolist() for some in (model, again))
        result[f"beam {beams}"] = {"equal": sum(a == b for a, b in zip(one, other)) if len(one) == len(other) else 0,
                                   "of": len(one)}
    with torch.no_grad():
        first, second = (some(input_ids=ids, decoder_input_ids=ids).logits for some in (model, again))
    result["log-probabilities"] = ((first - second).abs().max() / first.abs().max()).item()
    result["passed"] = (same and result["log-probabilities"] == 0
                        and all(result[key]["equal"] == result[key]["of"] for key in ("beam 1", "beam 4")))
    if not same:
        print(f"  weights differ: {sorted(weights.keys() ^ theirs.keys())}")
    return result


# What a model of tokenizer_cases.py came with, and transformers' way to say its languages: the source's, or what stands
# before the text.
TOKENIZERS = {"marian's tokenizer": ("marian", "", ">>fra<<"), "m2m100's tokenizer": ("m2m100", "de", ""),
              "t5's tokenizer": ("t5", "", ""), "pegasus' tokenizer": ("pegasus", "", ""),
              "nllb's tokenizer": ("nllb", "deu_Latn", ""), "mbart's tokenizer": ("mbart", "de_DE", ""),
              "mbart50's tokenizer": ("mbart50", "de_DE", "")}


def is_comparable(line):
    """Without what is a token there by its name, and is text here, and what is white space to one and not to the other."""
    odd_space = any(c != " " and (c.isspace() or unicodedata.category(c) == "Cc") for c in line)
    return line.strip() and "<" not in line and ">>" not in line and not odd_space


def check_tokenizer(program, case, folder):
    """Ids of sources, of what was imported and of that exported again."""
    families.LARGER.clear()
    name, language, before = TOKENIZERS[case]
    options = tokenizer_cases.CASES[name](folder).options
    checking.imported(program, folder, folder / "ours")
    checking.run(program, "export", "--model", folder / "ours", "--to", "huggingface", "--output", folder / "again")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "again")
    if language:
        tokenizer.src_lang = language
    lines = [line for page in sorted((tokenizer_cases.ROOT / "docs").glob("*.md")) for line in page.read_text(encoding="utf-8").splitlines()
             if is_comparable(line)][:500]
    if case == "mbart's tokenizer":  # MBartTokenizer of transformers 5.24 leaves out the vocabulary's normalisation
        lines = [line for line in lines if unicodedata.normalize("NFKC", line) == line]
    ours = checking.run(program, "encode", "--model", folder / "ours", "--side", "src", "--output-format", "ids",
                        "--special-tokens", *options, text="".join(f"{line}\n" for line in lines)).splitlines()
    theirs = [" ".join(map(str, tokenizer(before + line)["input_ids"])) for line in lines]
    # The same pieces in another order are a tie (check_tokenizers.py).
    other = [pair for pair in zip(ours, theirs, strict=True) if sorted(pair[0].split()) != sorted(pair[1].split())]
    equal = len(lines) - len(other)
    if other:
        print("  ours   {}\n  theirs {}".format(*other[0]))
    return {"case": f"{case}, {type(tokenizer).__name__}", "equal": equal, "of": len(lines), "passed": equal == len(lines)}


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--case", choices=[*TRAINED, *families.CASES, *TOKENIZERS])
    options = parser.parse_args()
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    results = []
    for check, cases in ((check_trained, TRAINED), (check_family, families.CASES), (check_tokenizer, TOKENIZERS)):
        for case in [name for name in cases if options.case in (None, name)]:
            with tempfile.TemporaryDirectory() as folder:
                results.append(check(options.program, case, pathlib.Path(folder)))
            print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
