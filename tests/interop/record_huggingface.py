#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/interop/recorded/huggingface: for each family (families.py) a small model as transformers saves it, and
what transformers computes with it, in float64: the encoder's output and the logits of a given target.

  build/venv-parity/bin/python tests/interop/record_huggingface.py
"""

import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file

import families

FOLDER = pathlib.Path(__file__).parent / "recorded" / "huggingface"
SOURCES = [[5, 9, 17, 4, 33], [8, 8, 40, 21, 9, 30, 41, 7, 12, 35, 29, 14], [44]]
TARGETS = [[11, 38, 6], [24, 37, 10, 10, 19, 45, 31], [5, 42]]


def main():
    transformers.logging.disable_progress_bar()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in families.CASES:
        model = families.make(name)
        folder = FOLDER / name
        model.save_pretrained(folder)
        eos, start = families.eos_of(model), model.config.decoder_start_token_id
        if start is None:
            start = model.generation_config.decoder_start_token_id
        model = model.double()
        recorded = {}
        for i, (source, target) in enumerate(zip(SOURCES, TARGETS)):
            src, tgt = torch.tensor([source + [eos]]), torch.tensor([[start] + target])
            with torch.no_grad():
                out = model(input_ids=src, decoder_input_ids=tgt)
            recorded[f"src.{i}"] = src[0].float()
            recorded[f"tgt_in.{i}"] = tgt[0].float()
            recorded[f"encoder.{i}"] = out.encoder_last_hidden_state[0].float().contiguous()
            recorded[f"logits.{i}"] = out.logits[0].float().contiguous()
        save_file(recorded, folder / "expected.safetensors")
        print(name, sum(f.stat().st_size for f in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
