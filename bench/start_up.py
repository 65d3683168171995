#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a large model takes until it translates, once its files are in the page cache.

Writes a model of random weights as transformers would (MarianMT, base's layers, text being token ids), imports it, and
quantizes what came of that; all of it is kept in --folder. Then prints, as Markdown, for each: until the library's
Translator is ready, and from the process' start until `dragoman translate` has answered a first line of 8 tokens with 8
tokens at most. Only standard Python is needed.
"""

import argparse
import array
import json
import pathlib
import random
import statistics
import subprocess
import time

import report
from translate_sides import ROOT

WIDTH, INNER, LAYERS, HEADS, POSITIONS = 512, 2048, 6, 8, 512
GOAL_SECONDS = 0.3
SENTENCE = " ".join(str(100 + i) for i in range(8)) + "\n"


def attention(path, norm):
    for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
        yield f"{path}.{name}.weight", [WIDTH, WIDTH]
        yield f"{path}.{name}.bias", [WIDTH]
    yield from layer_norm(norm)


def layer_norm(path):
    yield f"{path}.weight", [WIDTH]
    yield f"{path}.bias", [WIDTH]


def tensors(vocab):
    """Names and shapes of a MarianMTModel."""
    yield "model.shared.weight", [vocab, WIDTH]
    yield "final_logits_bias", [1, vocab]
    for stack in ("encoder", "decoder"):
        for i in range(LAYERS):
            layer = f"model.{stack}.layers.{i}"
            yield from attention(f"{layer}.self_attn", f"{layer}.self_attn_layer_norm")
            if stack == "decoder":
                yield from attention(f"{layer}.encoder_attn", f"{layer}.encoder_attn_layer_norm")
            yield f"{layer}.fc1.weight", [INNER, WIDTH]
            yield f"{layer}.fc1.bias", [INNER]
            yield f"{layer}.fc2.weight", [WIDTH, INNER]
            yield f"{layer}.fc2.bias", [WIDTH]
            yield from layer_norm(f"{layer}.final_layer_norm")


def elements(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def vocab_for(megabytes):
    fixed = sum(elements(shape) for _, shape in tensors(0))
    return int((megabytes * 1e6 / 4 - fixed) / (WIDTH + 1))


def write_weights(path, vocab):
    """Some random numbers, again and again: Python has no more in a moment."""
    header, end = {}, 0
    for name, shape in tensors(vocab):
        begin, end = end, end + 4 * elements(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = random.Random(1)
    block = array.array("f", (rng.gauss(0, 0.05) for _ in range(1 << 16))).tobytes()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for left in range(end, 0, -len(block)):
            file.write(block[:left])


def write_model(folder, vocab):
    folder.mkdir(parents=True)
    config = {"model_type": "marian", "activation_function": "relu", "d_model": WIDTH, "vocab_size": vocab,
              "scale_embedding": True, "max_position_embeddings": POSITIONS, "pad_token_id": vocab - 1,
              "decoder_start_token_id": vocab - 1, "eos_token_id": 0, "forced_eos_token_id": 0,
              "tie_word_embeddings": True, "is_encoder_decoder": True}
    for stack in ("encoder", "decoder"):
        config |= {f"{stack}_layers": LAYERS, f"{stack}_attention_heads": HEADS, f"{stack}_ffn_dim": INNER}
    (folder / "config.json").write_text(json.dumps(config))
    write_weights(folder / "model.safetensors", vocab)


def first_line(options, model, *flags):
    """Seconds from the process' start to its first answer."""
    command = [options.dragoman, "translate", "--quiet", "--beam-size", "1", "--max-length", "8", "--threads",
               str(options.threads), "--model", model, *flags]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(SENTENCE)
        process.stdin.flush()
        process.stdout.readline()
        seconds = time.perf_counter() - begin
        process.stdin.close()
    return seconds


def library(options, model, precision, verify):
    """Seconds until a Translator is ready, within the process."""
    request = {"cmd": "open", "model": str(model), "precision": precision, "threads": options.threads, "verify": verify}
    done = subprocess.run([options.program], input=json.dumps(request) + "\n", stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["seconds"]


def cell(times, goal=None):
    """Median and range; the first brought the model into the page cache."""
    times = sorted(times[1:])
    median = statistics.median(times)
    sign = "" if goal is None else f" {'≤' if median <= goal else '**>**'} {goal:g}"
    return f"{median:.3f} ({times[0]:.3f}–{times[-1]:.3f}){sign}"


def made(options):
    """The three directories, and how long it took to import and to quantize; written once."""
    folder, took = options.folder / f"{options.megabytes}", {}
    theirs, ours, int8 = (folder / name for name in ("theirs", "f32", "int8"))
    if not theirs.exists():
        write_model(theirs, vocab_for(options.megabytes))
    (theirs / "model.safetensors").read_bytes()  # into the page cache
    for key, output, command in (("import", ours, ["import", theirs]), ("quantize", int8, ["quantize", "--model", ours])):
        begin = time.perf_counter()
        subprocess.run([options.dragoman, *command, "--output", output, "--quiet"], check=True)
        took[key] = time.perf_counter() - begin
    return ours, int8, took


def markdown(options, ours, int8, took):
    rows = ["| model | file | checksums and numbers | Translator ready, s | process to first line, s |", "|---|---|---|---|---|"]
    for precision, model in (("f32", ours), ("int8", int8)):
        size = (model / "model.safetensors").stat().st_size / 1e6
        kinds = {"looked at": (True, []), "left out": (False, ["--no-verify"])}
        ready, start = ({kind: [] for kind in kinds} for _ in range(2))
        for _ in range(options.rounds + 1):
            for kind, (verify, flags) in kinds.items():
                ready[kind].append(library(options, model, precision, verify))
                start[kind].append(first_line(options, model, *flags))
        rows += [f"| {precision} | {size:,.0f} MB | {kind} | {cell(ready[kind], GOAL_SECONDS)} | {cell(start[kind])} |"
                 for kind in kinds]
    busy = report.busy_cores()
    return "\n".join([f"{report.processor_name()}, {options.threads} threads, median and range of {options.rounds}"
                      f"{'' if busy <= 0.2 else f'; the machine was busy ({busy:.1f} cores)'}:", "", *rows, "",
                      f"`dragoman import` of as large a model.safetensors: {took['import']:.1f} s, of which it writes; "
                      f"`dragoman quantize` to int8: {took['quantize']:.1f} s."])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=300, help="of the weights in f32 (default 300)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/start-up")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/translate_bench")
    parser.add_argument("--dragoman", type=pathlib.Path, default=ROOT / "build/release/dragoman")
    options = parser.parse_args()
    print(markdown(options, *made(options)))


if __name__ == "__main__":
    main()
