#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CTranslate2's side of translate_speed.py; translate_worker.py has the protocol. SentencePiece cuts and joins, on as
many threads. Own keys of "open": inter_threads and intra_threads (default 1 and all), batch (sentences, 32), vmap.

  CT2_USE_MKL=1 build/venv-translate/bin/python bench/ctranslate2_translate.py
"""

import pathlib

import ctranslate2
import sentencepiece

import translate_worker


def opener(command):
    folder, threads = pathlib.Path(command["model"]), command["threads"]
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "vocab.spm"))
    translator = ctranslate2.Translator(
        str(folder), compute_type={"f32": "float32"}.get(command["precision"], command["precision"]),
        inter_threads=command.get("inter_threads", 1), intra_threads=command.get("intra_threads", threads))

    def translate_lines(lines):
        found = translator.translate_batch(
            pieces.encode(lines, out_type=str, num_threads=threads), beam_size=command["beam"],
            max_batch_size=command.get("batch", 32), length_penalty=command["length_penalty"], disable_unk=True,
            min_decoding_length=0, use_vmap=command.get("vmap", False))
        return pieces.decode([result.hypotheses[0] for result in found], num_threads=threads)

    return translate_lines


if __name__ == "__main__":
    translate_worker.serve(opener, f"CTranslate2 {ctranslate2.__version__}")
