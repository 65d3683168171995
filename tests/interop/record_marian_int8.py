#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/interop/recorded/marian_int8: a random student as Bergamot's fork of Marian stores it in 8 bits with scales
of activations (Firefox: *.intgemm.alphas.bin), and what NumPy says that each product of it makes of random activations:
integers, their sums, and numbers with the bias.

  python3 tests/interop/record_marian_int8.py [FOLDER]      FOLDER: instead of that in the repository

The file (marian_binary.cc says what it looks like) is written here, since pymarian's Marian knows no such scales.
"""

import json
import pathlib
import struct
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent / "recorded/marian_int8"
WIDTH, INNER, PIECES, ROWS = 16, 24, 21, 3
SETTINGS = f"""type: transformer
dim-emb: {WIDTH}
transformer-heads: 2
transformer-dim-ffn: {INNER}
enc-depth: 1
dec-depth: 1
tied-embeddings-all: true
transformer-ffn-activation: relu
transformer-decoder-autoreg: rnn
dec-cell: ssru
version: v1.9.0
"""
FLOAT, SIGNED, INTGEMM8 = 0x404, 0x101, 0x4101
# Ours: parts that are one product, theirs without "_W" or "_b"; whether there is a bias. Keys, values and queries of one
# sub-layer usually have one scale of activations: here the encoder's keys have another.
PRODUCTS = {
    "encoder.self_attention.qkv": [("encoder_l1_self", "q"), ("encoder_l1_self", "k"), ("encoder_l1_self", "v")],
    "encoder.self_attention.out": [("encoder_l1_self", "o")],
    "encoder.feed_forward.in": [("encoder_l1_ffn", "1")],
    "encoder.feed_forward.out": [("encoder_l1_ffn", "2")],
    "decoder.recurrent.forget_and_x": [("decoder_l1_rnn", "f"), ("decoder_l1_rnn", "")],
    "decoder.source_q": [("decoder_l1_context", "q")],
    "decoder.source_kv": [("decoder_l1_context", "k"), ("decoder_l1_context", "v")],
    "decoder.source_out": [("decoder_l1_context", "o")],
    "decoder.feed_forward.in": [("decoder_l1_ffn", "1")],
    "decoder.feed_forward.out": [("decoder_l1_ffn", "2")],
}
SHAPES = {"encoder_l1_ffn_W1": (WIDTH, INNER), "decoder_l1_ffn_W1": (WIDTH, INNER), "encoder_l1_ffn_W2": (INNER, WIDTH),
          "decoder_l1_ffn_W2": (INNER, WIDTH), "Wemb": (PIECES, WIDTH)}
random = np.random.default_rng(1)


def floats(*shape, scale=1.0):
    return (scale * random.standard_normal(shape)).astype(np.float32)


class File:
    """Marian's .bin."""

    def __init__(self):
        self.tensors = []

    def add(self, name, code, shape, data):
        data += b"\0" * (-len(data) % 256)
        self.tensors.append((name.encode() + b"\0", code, struct.pack(f"<{len(shape)}i", *shape), data))

    def write(self, path):
        head = struct.pack("<QQ", 1, len(self.tensors))
        for name, code, shape, data in self.tensors:
            head += struct.pack("<QQQQ", len(name), code, len(shape) // 4, len(data))
        head += b"".join(tensor[0] for tensor in self.tensors) + b"".join(tensor[2] for tensor in self.tensors)
        padding = -(len(head) + 8) % 256
        path.write_bytes(head + struct.pack("<Q", padding) + b"\0" * padding + b"".join(tensor[3] for tensor in self.tensors))


class Weight:
    """A matrix in 8 bits, with what activations are multiplied by."""

    def __init__(self, file, name, alpha_name, alpha):
        values = floats(*SHAPES.get(name, (WIDTH, WIDTH)), scale=0.3)
        self.multiplier = np.float32(127) / np.abs(values).max()
        self.levels = np.clip(np.rint(values * self.multiplier), -127, 127).astype(np.int8)
        self.alpha = np.float32(alpha)
        lies = self.levels if name == "Wemb" else self.levels.T
        file.add(name, INTGEMM8, self.levels.shape, lies.tobytes() + self.multiplier.tobytes())
        file.add(alpha_name, FLOAT, (1,), self.alpha.tobytes())

    def product(self, x, levels, bias):
        """Integers of x, their sums, and numbers."""
        rounded = np.clip(np.rint(x * self.alpha), -127, 127).astype(np.int32)
        sums = rounded @ levels.astype(np.int32)
        return sums, sums.astype(np.float32) * (np.float32(1) / (self.alpha * self.multiplier)) + bias


def norm(file, name):
    for kind in ("scale", "bias"):
        file.add(f"{name}_ln_{kind}", FLOAT, (1, WIDTH), floats(1, WIDTH).tobytes())


def expected(x, parts):
    def shortest(values):  # that a float is read from again
        return [[float(str(value)) for value in row] for row in values]

    sums, y = zip(*parts)
    return {"x": shortest(x), "sums": np.concatenate(sums, 1).tolist(), "y": shortest(np.concatenate(y, 1))}


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    out.mkdir(parents=True, exist_ok=True)
    file, found = File(), {}
    for ours, parts in PRODUCTS.items():
        x = floats(ROWS, SHAPES.get(f"{parts[0][0]}_W{parts[0][1]}", (WIDTH,))[0], scale=2)
        alpha, products = float(random.uniform(20, 60)), []  # which cuts some activations
        for layer, part in parts:
            name = f"{layer}_W{part}"
            weight = Weight(file, name, f"{name}_QuantMultA", alpha * (1.5 if name == "encoder_l1_self_Wk" else 1))
            bias = floats(1, weight.levels.shape[1])
            if name == "decoder_l1_rnn_W":
                bias = np.zeros_like(bias)
            else:
                file.add(f"{layer}_b{part}", FLOAT, bias.shape, bias.tobytes())
            products.append(weight.product(x, weight.levels, bias))
        found[ours] = expected(x, products)
    for name in ("encoder_l1_self_Wo", "encoder_l1_ffn_ffn", "decoder_l1_rnn_ffn", "decoder_l1_context_Wo", "decoder_l1_ffn_ffn"):
        norm(file, name)
    table, bias, x = Weight(file, "Wemb", "none_QuantMultA", 30), floats(1, PIECES), floats(ROWS, WIDTH, scale=2)
    file.add("decoder_ff_logit_out_b", FLOAT, bias.shape, bias.tobytes())
    found["output"] = expected(x, [table.product(x, table.levels.T, bias)])
    file.add("special:model.yml", SIGNED, (len(SETTINGS) + 1,), SETTINGS.encode() + b"\0")
    file.write(out / "student.intgemm.alphas.bin")
    pieces = ["</s>", "<unk>"] + [chr(ord("a") + i) for i in range(PIECES - 2)]
    (out / "vocab.yml").write_text("".join(f'"{piece}": {i}\n' for i, piece in enumerate(pieces)))
    (out / "products.json").write_text(json.dumps(found) + "\n")
    print(sum(path.stat().st_size for path in out.iterdir()), "bytes")


if __name__ == "__main__":
    main()
