#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares training speed and memory of Dragoman, PyTorch and Marian: same model, same sentences, same precision.

All programs of a shape and precision are started, then train in turns, a block of batches each, so that whatever the
machine does meanwhile hits all; only one of them computes at any time. Prints a Markdown table; --report also writes
it, with a JSON of every block and a bar chart. bench/train-speed is the easy way to run it; README.md says what is
measured, pytorch_train.py how the sides talk.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import report

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent


@dataclasses.dataclass
class Shape:
    layers: int  # of the encoder, and of the decoder
    d_model: int
    d_ff: int
    heads: int
    block: int  # batches a side trains on before it is the next one's turn: some seconds' worth

    def flops(self, vocab, src_tokens, tgt_tokens):
        """Of the weights' multiplications, forward (2 a weight and token) and backward (4). Attention scores, norms
        and the like are left out, so a share of the peak computed from this is on the low side."""
        attention, feed_forward = 4 * self.d_model**2, 2 * self.d_model * self.d_ff
        src_weights = self.layers * (attention + feed_forward + attention // 2)  # and keys, values of cross-attention
        tgt_weights = self.layers * (attention + attention // 2 + feed_forward) + vocab * self.d_model
        return 6 * (src_weights * src_tokens + tgt_weights * tgt_tokens)


SHAPES = {  # our presets
    "base": Shape(layers=6, d_model=512, d_ff=2048, heads=8, block=1),
    "small": Shape(layers=4, d_model=256, d_ff=1024, heads=4, block=2),
    "tiny": Shape(layers=4, d_model=128, d_ff=256, heads=4, block=4),
}
PEERS = {"f32": ("pytorch", "compiled", "marian"), "bf16": ("pytorch", "marian")}  # Marian trains in f32 in any case


class Side:
    """One program, waiting for commands on its stdin; each answer is one line of JSON."""

    def __init__(self, key, command, environment=()):
        self.key, self.command = key, [str(part) for part in command]
        env = {**os.environ, **dict(pair.split("=", 1) for pair in environment)}
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.hello = self.answer()
        self.blocks = []

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.key} ended with status {self.process.wait()} instead of answering; "
                     f"run it by itself to see why: {' '.join(self.command)}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer()

    def run_block(self, batches):
        self.blocks.append(self.ask(f"run {batches}"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def open_side(options, key, precision, shape):
    common = ["--batches", options.batches_file, "--preset", shape, "--threads", options.threads]
    if key == "dragoman":
        return Side(key, [options.program, *common, "--precision", precision])
    if key == "marian":
        return Side(key, [sys.executable, BENCH / "marian_train.py", *common])
    flags = ["--compile"] * (key == "compiled") + ["--bf16"] * (precision == "bf16")
    return Side(key, [sys.executable, BENCH / "pytorch_train.py", *common, *flags], options.torch_env)


def check_same_work(sides, expected_tokens):
    """All but Marian, which makes its own batches, train models of one size on the same real target tokens."""
    alike = [side for side in sides if side.key != "marian"]
    for side in alike:
        found = [block["tokens"] for block in side.blocks]
        if found != expected_tokens:
            sys.exit(f"{side.key} counted {found} target tokens a block, the file has {expected_tokens}")
    if len({side.hello["parameters"] for side in alike}) > 1:
        sys.exit("the models differ: " + ", ".join(f"{s.key} has {s.hello['parameters']} parameters" for s in alike))


def measure(options, precision, name, content):
    """Trains in turns; returns the finished measurements of one shape."""
    shape = SHAPES[name]
    sizes = [(len(batch["src"]["ids"]), len(batch["tgt"]["ids"])) for batch in content["batches"]]
    keys = [key for key in ("dragoman", *PEERS[precision]) if key in options.sides]
    sides = [open_side(options, key, precision, name) for key in keys]
    # The compiler wants to see every shape once; the others only to touch their memory.
    warm_up = len(sizes) if "compiled" in keys else min(2, len(sizes))
    for side in sides:
        side.ask(f"run {warm_up}")

    trained, next_batch = [], warm_up
    for turn in range(options.rounds):
        for side in sides if turn % 2 == 0 else reversed(sides):
            side.run_block(shape.block)
        trained.append([sizes[(next_batch + i) % len(sizes)] for i in range(shape.block)])
        next_batch += shape.block
    check_same_work(sides, [sum(tgt for _, tgt in block) for block in trained])

    src, tgt = (sum(block[i] for round_ in trained for block in round_) for i in (0, 1))
    flops_per_token = shape.flops(content["vocab"], src, tgt) / tgt  # of target; Marian's batches are not told
    result = {"shape": name, "precision": precision, "sides": {}}
    for side in sides:
        tokens, seconds = (sum(block[field] for block in side.blocks) for field in ("tokens", "seconds"))
        result["sides"][side.key] = {
            "name": side.hello["name"], "tokens_per_second": tokens / seconds,
            "gflops": tokens / seconds * flops_per_token / 1e9, **side.ask("peak"), "blocks": side.blocks,
        }
        side.close()
    for key, side in result["sides"].items():
        if key != "dragoman" and "dragoman" in result["sides"]:
            ours = result["sides"]["dragoman"]
            side["ratio"] = ours["tokens_per_second"] / side["tokens_per_second"]
            side["ratio_range"] = ratio_range(ours["blocks"], side["blocks"])
    return result


def ratio_range(ours, theirs):
    """How many times their rate is ours, in the round where it is least and in that where it is most."""
    def rate(block):
        return block["tokens"] / block["seconds"]

    ratios = [rate(our) / rate(their) for our, their in zip(ours, theirs)]
    return min(ratios), max(ratios)


def gemm_peak(options, precision):
    """GFLOP/s of matrix multiplication on all threads and nothing else: the better of ours and PyTorch's."""
    def ask(command):
        found = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(found.stdout)["gflops"]

    arguments = ["--threads", options.threads, "--precision", precision]
    peaks = {"dragoman": ask([options.program.parent / "gemm_peak", *arguments])}
    if "pytorch" in options.sides:
        peaks["pytorch"] = ask([sys.executable, BENCH / "pytorch_train.py", "--gemm-only", *arguments])
    return peaks


def make_batches(options):
    command = [sys.executable, BENCH / "make_batches.py", "--output", options.batches_file,
               "--batches", str(options.batches)]
    if options.data:
        command += ["--data", options.data]
    subprocess.run(command, check=True)
    return json.loads(options.batches_file.read_text())


def has_bf16():
    return "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text()


def comma_separated(known):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name}: expected some of {','.join(known)}")
        return names
    return parse


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    all_sides = ["dragoman", "pytorch", "compiled", "marian"]
    parser.add_argument("--shapes", type=comma_separated(list(SHAPES)), default=list(SHAPES),
                        help="some of base,small,tiny (default all)")
    parser.add_argument("--precision", type=comma_separated(["f32", "bf16"]), default=["f32", "bf16"],
                        help="some of f32,bf16 (default both)")
    parser.add_argument("--sides", type=comma_separated(all_sides), default=all_sides,
                        help=f"some of {','.join(all_sides)} (default all); compiled is torch.compile")
    parser.add_argument("--rounds", type=int, default=8, help="blocks that each side trains (default 8)")
    parser.add_argument("--batches", type=int, default=8, help="different batches (default 8)")
    parser.add_argument("--threads", type=int, default=2, help="of each side (default 2)")
    parser.add_argument("--torch-env", action="append", default=[], metavar="NAME=VALUE",
                        help="set in PyTorch's environment, e.g. an allocator to preload; may be repeated")
    parser.add_argument("--data", type=pathlib.Path, help="multi30k folder to take sentences from (default: random)")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/train_speed",
                        help="our side (default build/release/train_speed)")
    parser.add_argument("--report", type=pathlib.Path, metavar="STEM",
                        help="write STEM.md, STEM.json (every block's measurement) and STEM.svg")
    options = parser.parse_args()
    if not options.program.exists():
        parser.error(f"--program {options.program}: no such file; build it with: ninja -C build/release train_speed")
    options.batches_file = ROOT / "build/bench/batches.json"
    return options


def main():
    options = parse_options()
    busy = report.busy_cores()
    if busy > 0.2:
        print(f"note: the machine is busy ({busy:.1f} cores); figures will be too low", file=sys.stderr)
    if "bf16" in options.precision and not has_bf16():
        print("bf16: left out, this processor has no AVX512_BF16", file=sys.stderr)
        options.precision.remove("bf16")
    content = make_batches(options)
    measured = {"machine": report.processor_name(), "threads": options.threads, "rounds": options.rounds,
                "batches": content["source"], "busy_cores": busy, "peaks": {}, "results": []}
    for precision in options.precision:
        measured["peaks"][precision] = gemm_peak(options, precision)
        for name in options.shapes:
            result = measure(options, precision, name, content)
            measured["results"].append(result)
            losses = [f"{side['blocks'][-1]['loss']:.3f} ({key})" for key, side in result["sides"].items()]
            print(f"{precision} {name}: loss of the last block {', '.join(losses)}", file=sys.stderr)
    text = report.markdown(measured, "bench/train-speed " + " ".join(sys.argv[1:]))
    print(text)
    if options.report:
        report.write_report(options.report, text, measured, report.chart(measured))


if __name__ == "__main__":
    main()
