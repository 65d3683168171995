#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Marian's side of translate_speed.py; translate_worker.py has the protocol. Own keys of "open": gemm (int8 only: the
form of weights, such as intgemm8avx512; peer_models.py wrote a file for each), mini_batch (32), workspace_mb (512).

  build/venv-translate/bin/python bench/marian_translate.py
"""

import importlib.metadata
import pathlib

import _pymarian

import translate_worker


def opener(command):
    folder = pathlib.Path(command["model"])
    model = folder / ("model.npz" if command["precision"] == "f32" else f"{command['gemm']}.bin")
    arguments = {
        "models": model, "vocabs": f"{folder / 'vocab.spm'} {folder / 'vocab.spm'}", "cpu-threads": command["threads"],
        "beam-size": command["beam"], "normalize": command["length_penalty"],
        "mini-batch": command.get("mini_batch", 32), "maxi-batch": 100, "maxi-batch-sort": "src",
        "workspace": command.get("workspace_mb", 512), "max-length": 512, "max-length-crop": "", "quiet": "",
    }
    translator = _pymarian.Translator(" ".join(f"--{name} {value}".rstrip() for name, value in arguments.items()))
    return translator.translate


if __name__ == "__main__":
    translate_worker.serve(opener, f"Marian {importlib.metadata.version('pymarian')}")
