#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/interop/recorded/ctranslate2: small random models (families.py) as CTranslate2's own converter lays them
out, in f32, f16 and with 8 and 16 bits, and what CTranslate2 computes with them in f32: log-probabilities of given
targets, and what it finds greedily. Text is token ids.

  build/venv-parity/bin/python tests/interop/record_ctranslate2.py
"""

import pathlib
import random
import shutil

import ctranslate2
import torch
import transformers
from ctranslate2.converters.transformers import _MODEL_LOADERS

import families

FOLDER = pathlib.Path(__file__).parent / "recorded" / "ctranslate2"
CASES = {"marian": None, "marian_int8": "int8", "bart": None, "bart_int16": "int16", "pegasus_gelu": "float16",
         "m2m100": None, "t5": None, "t5_v1_1": "int8"}
LINES = 12


def spec_of(name, model, tokens, eos, unk):
    # What the loaders ask for, which configurations of today do not say.
    model.config.normalize_before = name.startswith(("pegasus", "m2m", "mbart"))
    model.config.normalize_embedding = name.startswith(("bart", "mbart"))
    loader = _MODEL_LOADERS[type(model.config).__name__]
    with torch.no_grad():
        spec = loader.get_model_spec(model)
    is_marian = name.startswith("marian")  # whose padding, which starts the decoder, is taken out: it is a row of zeros
    loader.set_vocabulary(spec, tokens[:-1] if is_marian else tokens)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = tokens[eos], tokens[eos], tokens[unk]
    spec.config.decoder_start_token = tokens[eos if is_marian else model.config.decoder_start_token_id]
    spec.config.add_source_eos = True
    return spec


def record(folder, name, quantization, lines=LINES, larger=None, seed=1, compute_type="float32"):
    """Writes a model of a family into a folder, with what CTranslate2 computes."""
    model = families.make(name, seed, larger)
    eos, rows = families.eos_of(model), model.config.vocab_size
    unk = 1 if eos == 3 else 3
    tokens = ["</s>" if i == eos else "<unk>" if i == unk else str(i) for i in range(rows)]
    spec = spec_of(name, model, tokens, eos, unk)
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir(parents=True)
    spec.save(str(folder))
    choice = random.Random(1)
    usual = tokens[4:rows - 4]
    sources = [choice.choices(usual, k=choice.randint(1, 12)) for _ in range(lines)]
    targets = [choice.choices(usual, k=choice.randint(1, 8)) for _ in range(lines)]
    translator = ctranslate2.Translator(str(folder), compute_type=compute_type, intra_threads=1)
    scores = [sum(found.log_probs) for found in translator.score_batch(sources, targets)]
    found = translator.translate_batch(sources, beam_size=1, max_decoding_length=20, disable_unk=False)
    for file, lines in (("src", sources), ("tgt", targets), ("beam1", [one.hypotheses[0] for one in found])):
        text = "".join(" ".join(line) + "\n" for line in lines)
        (folder / file).write_text(text.replace("<unk>", "\u2047") if file == "beam1" else text, encoding="utf-8")
    (folder / "scores").write_text("".join(f"{score:.6f}\n" for score in scores))


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, quantization in CASES.items():
        folder = FOLDER / name
        record(folder, name.removesuffix("_int8").removesuffix("_int16"), quantization)
        print(name, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
