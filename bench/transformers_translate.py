#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""transformers' side of translate_speed.py, on PyTorch; translate_worker.py has the protocol. Sentences are sorted by
length, so that little is padding. Own key of "open": batch (sentences, 32).

  build/venv-transformers/bin/python bench/transformers_translate.py
"""

import torch
import transformers

import translate_worker


def opener(command):
    torch.set_num_threads(command["threads"])
    tokenizer = transformers.MarianTokenizer.from_pretrained(command["model"])
    model = transformers.MarianMTModel.from_pretrained(command["model"], dtype=torch.float32).eval()

    @torch.inference_mode()
    def translate_lines(lines):
        order, found = sorted(range(len(lines)), key=lambda i: len(lines[i])), {}
        for begin in range(0, len(order), command.get("batch", 32)):
            chosen = order[begin:begin + command.get("batch", 32)]
            batch = tokenizer([lines[i] for i in chosen], return_tensors="pt", padding=True)
            said = model.generate(**batch, num_beams=command["beam"], length_penalty=command["length_penalty"],
                                  do_sample=False, early_stopping=False, max_new_tokens=3 * batch["input_ids"].shape[1] + 10)
            found |= zip(chosen, tokenizer.batch_decode(said, skip_special_tokens=True))
        return [found[i] for i in range(len(lines))]

    return translate_lines


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    translate_worker.serve(opener, f"transformers {transformers.__version__}, torch {torch.__version__}")
