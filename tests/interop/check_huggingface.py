#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Imports random models of every family (families.py) and compares with the library that they belong to: log-probabilities
of given targets, greedy and beam search. Text is token ids here: the tokenizers have checks of their own.

  build/venv-parity/bin/python tests/interop/check_huggingface.py PROGRAM [--seeds N] [--case NAME] [--json FILE]

Exits 1 when something is not equal.
"""

import json
import pathlib
import random
import tempfile

import torch
import transformers

import checking
import families

SENTENCES, LIMIT = 128, 40
LARGER = {"d_model": 48, "vocab_size": 320, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96, "max_position_embeddings": 80,
          "d_ff": 96, "d_kv": 14, "num_layers": 3, "relative_attention_num_buckets": 32, "relative_attention_max_distance": 30}
TOLERANCE = 2e-5  # of the largest log-probability; or thrice what float32 costs the library itself


class Numbers:
    """Token ids as the text that such a model reads."""

    def __init__(self, rows, eos):
        self.unk = 1 if eos == 3 else 3
        self.eos = eos

    def text(self, ids):
        return " ".join("<unk>" if i == self.unk else str(i) for i in ids)

    def ids(self, line):
        return [self.unk if word == "\u2047" else int(word) for word in line.split()]


def generated(model, sources, eos, beams):
    """What the library finds, of all sources in one padded batch: one by one its steps would take minutes."""
    longest = max(map(len, sources)) + 1
    pad = model.config.pad_token_id
    ids = torch.tensor([source + [eos] + [pad] * (longest - 1 - len(source)) for source in sources])
    mask = torch.tensor([[1] * (len(source) + 1) + [0] * (longest - 1 - len(source)) for source in sources])
    out = model.generate(input_ids=ids, attention_mask=mask, num_beams=beams, do_sample=False, max_new_tokens=LIMIT,
                         length_penalty=1.0, early_stopping=False, no_repeat_ngram_size=0, forced_eos_token_id=None)
    return [row[1:] for row in out.tolist()]


def compare_generated(expected, lines, numbers, forced, whole):
    """How many are equal, of how many, and how many tokens there are in them; and those that are not, by number. whole: only
    those that ended count."""
    equal = compared = ended = 0
    different = []
    tokens = set()
    for index, (want, line) in enumerate(zip(expected, lines)):
        want = want[1:] if forced is not None else want
        ends = numbers.eos in want
        ended += ends
        if whole and not ends:
            continue
        compared += 1
        want = want[:want.index(numbers.eos)] if ends else want
        tokens.update(want)
        if want == numbers.ids(line):
            equal += 1
        else:
            different.append((index, want, numbers.ids(line)))
    return {"equal": equal, "of": compared, "ended": ended, "tokens": len(tokens)}, different


def distributions(model, source, target, eos, start):
    """Log-probabilities of every token after each of the target's, and before the first: [len(target) + 1, vocab]."""
    with torch.no_grad():
        out = model(input_ids=torch.tensor([source + [eos]]), decoder_input_ids=torch.tensor([[start] + target]))
    return out.logits[0].double().log_softmax(-1)


def log_probs(model, source, target, eos, start):
    rows = distributions(model, source, target, eos, start)
    return [rows[i, token].item() for i, token in enumerate(target + [eos])]


def gap(model, source, begin, found, others, eos, start):
    """How far apart, relative to the largest, the library's log-probabilities are of the first two tokens that differ."""
    found, others = found + [eos], others + [eos]
    first = next(i for i, (a, b) in enumerate(zip(found, others)) if a != b)
    row = distributions(model, source, begin + found[:first], eos, start)[-1]
    return (abs(row[found[first]] - row[others[first]]) / row.abs().max()).item()


def check(program, name, seed, folder):
    model = families.make(name, seed, LARGER)
    eos = families.eos_of(model)
    start = model.config.decoder_start_token_id
    if start is None:
        start = model.generation_config.decoder_start_token_id
    forced = families.FORCED_FIRST.get(name)
    numbers = Numbers(model.config.vocab_size, eos)
    model.save_pretrained(folder / "theirs")
    checking.imported(program, folder / "theirs", folder / "ours")
    choice = random.Random(seed)
    usual = [i for i in range(4, model.config.vocab_size - 8)]
    sources = [choice.choices(usual, k=choice.randint(1, 30)) for _ in range(SENTENCES)]
    targets = [choice.choices(usual, k=choice.randint(1, 20)) for _ in range(SENTENCES)]
    text = "".join(numbers.text(source) + "\n" for source in sources)
    result, different = {"case": name, "seed": seed}, {}
    for beams in (1, 4):
        lines = checking.run(program, "translate", "--model", folder / "ours", "--beam-size", beams, "--stopping", "full",
                             *checking.SEARCH, "--max-length", LIMIT, "--max-length-factor", 1000, text=text).splitlines()
        result[f"beam {beams}"], different[beams] = compare_generated(generated(model, sources, eos, beams), lines, numbers,
                                                                      forced, whole=beams > 1)
    (folder / "src").write_text(text)
    (folder / "tgt").write_text("".join(numbers.text(target) + "\n" for target in targets))
    scored = checking.run(program, "score", "--model", folder / "ours", "--src", folder / "src", "--tgt", folder / "tgt",
                          "--format", "jsonl", "--quiet").splitlines()
    begin = [] if forced is None else [forced]
    pairs = [(source, begin + target, eos, start) for source, target in zip(sources, targets)]
    in_f32 = [log_probs(model, *pair)[len(begin):] for pair in pairs]
    model.double()
    in_f64 = [log_probs(model, *pair)[len(begin):] for pair in pairs]
    ours = [json.loads(line)["token_log_probs"][-len(want):] for line, want in zip(scored, in_f64)]

    def worst(found):
        return max(abs(a - b) / max(map(abs, want)) for some, want in zip(found, in_f64) for a, b in zip(some, want))

    result["log-probabilities"], result["theirs in f32"] = worst(ours), worst(in_f32)
    # Greedy search goes another way where two tokens are as good as equal.
    gaps = [gap(model, sources[i], begin, want, found, eos, start) for i, want, found in different[1]]
    result["beam 1"] |= {"ties": sum(some <= TOLERANCE for some in gaps), "gaps": gaps}
    result["passed"] = result["log-probabilities"] <= max(TOLERANCE, 3 * result["theirs in f32"]) and all(
        result[key]["equal"] + result[key].get("ties", 0) == result[key]["of"] for key in ("beam 1", "beam 4"))
    return result


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--case", choices=families.CASES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    results = []
    for name in [options.case] if options.case else families.CASES:
        for seed in range(1, options.seeds + 1):
            with tempfile.TemporaryDirectory() as folder:
                results.append(check(options.program, name, seed, pathlib.Path(folder)))
            print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()
