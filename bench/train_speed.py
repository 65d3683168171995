#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares training speed and memory of Dragoman and PyTorch: same model, same batches, same precision.

Both programs are started, then train in turns, a block of batches each, so that whatever the machine does meanwhile
hits both; only one of them computes at any time. Prints a Markdown table. bench/train-speed is the easy way to run it;
README.md says what is measured and how the two sides talk.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent


@dataclasses.dataclass
class Shape:
    layers: int  # of the encoder, and of the decoder
    d_model: int
    d_ff: int
    heads: int
    block: int  # batches a side trains on before it is the other's turn: some seconds' worth

    def flops(self, vocab, src_tokens, tgt_tokens):
        """Of the weights' multiplications, forward (2 a weight and token) and backward (4). Attention scores, norms
        and the like are left out, so a share of the peak computed from this is on the low side."""
        attention, feed_forward = 4 * self.d_model**2, 2 * self.d_model * self.d_ff
        src_weights = self.layers * (attention + feed_forward + attention // 2)  # and keys, values of cross-attention
        tgt_weights = self.layers * (attention + attention // 2 + feed_forward) + vocab * self.d_model
        return 6 * (src_weights * src_tokens + tgt_weights * tgt_tokens)


SHAPES = {  # our presets; pytorch_train.py has the same
    "base": Shape(layers=6, d_model=512, d_ff=2048, heads=8, block=1),
    "small": Shape(layers=4, d_model=256, d_ff=1024, heads=4, block=2),
    "tiny": Shape(layers=4, d_model=128, d_ff=256, heads=4, block=4),
}


class Side:
    """One of the two programs, waiting for commands on its stdin; each answer is one line of JSON."""

    def __init__(self, command, environment=()):
        self.command = command
        env = {**os.environ, **dict(pair.split("=", 1) for pair in environment)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.hello = self.answer()
        self.blocks = []

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.command[0]} ended with status {self.process.wait()} instead of answering; "
                     f"run it by itself to see why: {' '.join(map(str, self.command))}")
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

    def tokens_per_second(self):
        return sum(b["tokens"] for b in self.blocks) / sum(b["seconds"] for b in self.blocks)


def pytorch_command(options, name):
    command = [sys.executable, BENCH / "pytorch_train.py", "--batches", options.batches_file, "--preset", name,
               "--threads", str(options.threads)]
    return command + ["--compile"] * options.compile + ["--bf16"] * (options.precision == "bf16")


def our_command(options, name):
    return [options.program, "--batches", options.batches_file, "--preset", name, "--threads", str(options.threads),
            "--precision", options.precision]


def check_same_work(sides, expected_tokens):
    """The two train models of one size on the same real target tokens."""
    for side in sides.values():
        found = [block["tokens"] for block in side.blocks]
        if found != expected_tokens:
            sys.exit(f"{side.hello['name']} counted {found} target tokens a block, the file has {expected_tokens}")
    if len({side.hello["parameters"] for side in sides.values()}) > 1:
        sys.exit("the models differ: " + ", ".join(f"{s.hello['name']} has {s.hello['parameters']} parameters"
                                                   for s in sides.values()))


def measure(options, name, content):
    """Trains in turns; returns the finished measurements of one shape."""
    shape = SHAPES[name]
    sizes = [(len(batch["src"]["ids"]), len(batch["tgt"]["ids"])) for batch in content["batches"]]
    sides = {}
    if options.only != "pytorch":
        sides["dragoman"] = Side(our_command(options, name))
    if options.only != "dragoman":
        sides["pytorch"] = Side(pytorch_command(options, name), options.torch_env)
    # The compiler wants to see every shape once; the others only to touch their memory.
    warm_up = len(sizes) if options.compile else min(2, len(sizes))
    for side in sides.values():
        side.ask(f"run {warm_up}")

    trained, next_batch = [], warm_up
    for turn in range(options.rounds):
        order = list(sides.values())
        for side in order if turn % 2 == 0 else reversed(order):
            side.run_block(shape.block)
        trained.append([sizes[(next_batch + i) % len(sizes)] for i in range(shape.block)])
        next_batch += shape.block
    check_same_work(sides, [sum(tgt for _, tgt in block) for block in trained])

    flops = sum(shape.flops(content["vocab"], src, tgt) for block in trained for src, tgt in block)
    result = {"shape": name}
    for key, side in sides.items():
        result[key] = {
            "name": side.hello["name"], "tokens_per_second": side.tokens_per_second(),
            "gflops": flops / sum(b["seconds"] for b in side.blocks) / 1e9, **side.ask("peak"), "blocks": side.blocks,
        }
        side.close()
    if len(sides) == 2:
        ratios = [p["seconds"] / d["seconds"] for d, p in zip(sides["dragoman"].blocks, sides["pytorch"].blocks)]
        result["ratio"] = statistics.median(ratios)
        result["ratio_range"] = [min(ratios), max(ratios)]
        result["memory_ratio"] = result["dragoman"]["peak_bytes"] / result["pytorch"]["peak_bytes"]
    return result


def print_table(options, results, peak):
    cores = f"{options.threads} thread" + ("s" if options.threads > 1 else "")
    names = sorted({r[side]["name"] for r in results for side in ("dragoman", "pytorch") if side in r})
    print(f"\n{', '.join(names)}; {options.precision}, {cores} each, {processor_name()}"
          + (f"; f32 GEMM peak {peak:.0f} GFLOP/s" if peak else "") + "\n")
    print("| shape | Dragoman tokens/s | PyTorch tokens/s | ratio (range) | Dragoman memory | PyTorch memory | ratio "
          "| Dragoman GFLOP/s (of peak) | PyTorch GFLOP/s (of peak) |")
    print("|---|---|---|---|---|---|---|---|---|")
    for result in results:
        sides = [result.get(side) for side in ("dragoman", "pytorch")]

        def column(text):
            return [text(side) if side else "–" for side in sides]

        speed = column(lambda side: f"{side['tokens_per_second']:,.0f}")
        memory = column(lambda side: f"{side['peak_bytes'] / 2**20:,.0f} MiB")
        rate = column(lambda side: f"{side['gflops']:.0f}" + (f" ({side['gflops'] / peak:.0%})" if peak else ""))
        ratio, memory_ratio = "–", "–"
        if "ratio" in result:
            low, high = result["ratio_range"]
            ratio, memory_ratio = f"{result['ratio']:.2f} ({low:.2f}–{high:.2f})", f"{result['memory_ratio']:.2f}"
        print(f"| {' | '.join([result['shape'], *speed, ratio, *memory, memory_ratio, *rate])} |", flush=True)


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def gemm_peak(options):
    """GFLOP/s of f32 matrix multiplication on all threads at once, nothing else; None without our programs."""
    if options.only == "pytorch":
        return None
    program = options.program.parent / "gemm_peak"
    found = subprocess.run([program, "--threads", str(options.threads)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(found.stdout)["gflops"]


def make_batches(options):
    command = [sys.executable, BENCH / "make_batches.py", "--output", options.batches_file,
               "--batches", str(options.batches)]
    if options.data:
        command += ["--data", options.data]
    subprocess.run(command, check=True)
    return json.loads(options.batches_file.read_text())


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default="base,small,tiny", help="some of base,small,tiny (default all)")
    parser.add_argument("--rounds", type=int, default=8, help="blocks that each side trains (default 8)")
    parser.add_argument("--batches", type=int, default=8, help="different batches (default 8)")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--threads", type=int, default=2, help="of each side (default 2)")
    parser.add_argument("--compile", action="store_true", help="torch.compile on PyTorch's side")
    parser.add_argument("--torch-env", action="append", default=[], metavar="NAME=VALUE",
                        help="set in PyTorch's environment, e.g. an allocator to preload; may be repeated")
    parser.add_argument("--data", type=pathlib.Path, help="multi30k folder to take sentences from (default: random)")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/train_speed",
                        help="our side (default build/release/train_speed)")
    parser.add_argument("--only", choices=("dragoman", "pytorch"), help="run one side alone")
    parser.add_argument("--json", type=pathlib.Path, help="also write every block's measurement there")
    options = parser.parse_args()
    options.shapes = options.shapes.split(",")
    for name in options.shapes:
        if name not in SHAPES:
            parser.error(f"--shapes {name}: no such shape, expected some of {','.join(SHAPES)}")
    if options.only != "pytorch" and not options.program.exists():
        parser.error(f"--program {options.program}: no such file; build it with: ninja -C build/release train_speed")
    options.batches_file = ROOT / "build/bench/batches.json"
    return options


def main():
    options = parse_options()
    if os.getloadavg()[0] > 0.5:
        print(f"note: the machine is busy (load {os.getloadavg()[0]:.1f}); figures will be too low", file=sys.stderr)
    content = make_batches(options)
    peak = gemm_peak(options)
    results = []
    for name in options.shapes:
        results.append(measure(options, name, content))
        losses = [f"{results[-1][side]['blocks'][-1]['loss']:.3f} ({side})" for side in ("dragoman", "pytorch")
                  if side in results[-1]]
        print(f"{name}: loss of the last block {', '.join(losses)}", file=sys.stderr)
    print_table(options, results, peak)
    if options.json:
        options.json.write_text(json.dumps({"precision": options.precision, "threads": options.threads,
                                            "gemm_peak_gflops": peak, "results": results}, indent=1))


if __name__ == "__main__":
    main()
