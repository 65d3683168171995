# SPDX-License-Identifier: Apache-2.0
"""What train_speed.py measured, as a Markdown table and as a bar chart (SVG)."""

import json
import os
import pathlib
import time

from bar_chart import bar_chart

# What we are out to reach: times the rate of the better of PyTorch's two and of Marian, and share of the GEMM peak.
GOALS = {
    ("base", "f32"): {"pytorch": 1.6, "marian": 1.6, "peak": 0.78},
    ("small", "f32"): {"pytorch": 1.8, "marian": 2.0},
    ("tiny", "f32"): {"pytorch": 2.5, "marian": 2.8, "peak": 0.60},
    ("base", "bf16"): {"pytorch": 2.2, "marian": 3.0, "peak": 0.70},
    ("small", "bf16"): {"pytorch": 2.8},
    ("tiny", "bf16"): {"pytorch": 3.5},
}
MEMORY_GOAL = 1 / 3  # of PyTorch's
NAMES = {"dragoman": "Dragoman", "pytorch": "PyTorch", "compiled": "torch.compile", "marian": "Marian"}
COLORS = {"dragoman": "#c0392b", "pytorch": "#7f8c8d", "compiled": "#95a5a6", "marian": "#34495e"}


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def busy_cores(seconds=2):
    """How many cores other programs keep busy. (The load average still counts what ended minutes ago.)"""
    def busy_ticks():
        user, nice, system, idle, wait, *rest = map(int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:])
        return user + nice + system + sum(rest[:3])

    begin = busy_ticks()
    time.sleep(seconds)
    return (busy_ticks() - begin) / os.sysconf("SC_CLK_TCK") / seconds


def with_goal(text, value, goal):
    """The text, and whether the value reaches its goal, where there is one."""
    return text if goal is None else f"{text} {'≥' if value >= goal else '**<**'} {goal:g}"


def ratio_cell(result, keys, goal):
    """Our rate by that of the fastest of `keys`."""
    found = [result["sides"][key] for key in keys if "ratio" in result["sides"].get(key, {})]
    if not found:
        return "–"
    fastest = min(found, key=lambda side: side["ratio"])
    low, high = fastest["ratio_range"]
    return with_goal(f"{fastest['ratio']:.2f} ({low:.2f}–{high:.2f})", fastest["ratio"], goal)


def row(result, peak):
    sides, goals = result["sides"], GOALS[result["shape"], result["precision"]]
    rates = [f"{sides[key]['tokens_per_second']:,.0f}" if key in sides else "–" for key in NAMES]
    ours, torch = sides.get("dragoman"), sides.get("pytorch")
    memory = "–"
    if ours and torch:
        share = ours["peak_bytes"] / torch["peak_bytes"]
        memory = f"{ours['peak_bytes'] / 2**20:,.0f} / {torch['peak_bytes'] / 2**20:,.0f} MiB"
        memory += f" = {share:.2f}" + (" **> 0.33**" if share > MEMORY_GOAL else "")
    shares = [f"{sides[key]['gflops'] / peak:.0%}" if key in sides else "–" for key in NAMES]
    if ours:
        goal = goals.get("peak")
        shares[0] += "" if goal is None else f" {'≥' if ours['gflops'] / peak >= goal else '**<**'} {goal:.0%}"
    return [result["shape"], result["precision"], *rates,
            ratio_cell(result, ("pytorch", "compiled"), goals["pytorch"]),
            ratio_cell(result, ("marian",), goals.get("marian")), memory, " / ".join(shares)]


def write_report(stem, text, measured, svg):
    """STEM.md, STEM.json (every turn's measurement) and STEM.svg."""
    stem.with_suffix(".md").write_text(text)
    stem.with_suffix(".json").write_text(json.dumps(measured, indent=1) + "\n")
    stem.with_suffix(".svg").write_text(svg)


def markdown(measured, command):
    """A page with what was run, where, and the table."""
    peaks = ", ".join(f"{precision} {max(found.values()):,.0f} GFLOP/s (" +
                      ", ".join(f"{NAMES[side]} {rate:,.0f}" for side, rate in found.items()) + ")"
                      for precision, found in measured["peaks"].items())
    names = sorted({side["name"] for result in measured["results"] for side in result["sides"].values()})
    header = ["shape", "precision", *(f"{name} tokens/s" for name in NAMES.values()), "× the better PyTorch (range)",
              "× Marian (range)", "memory, ours / PyTorch's", "share of the GEMM peak: " + " / ".join(NAMES.values())]
    rows = [row(result, max(measured["peaks"][result["precision"]].values())) for result in measured["results"]]
    table = [header, ["---"] * len(header), *rows]
    busy = "" if measured["busy_cores"] <= 0.2 else f" The machine was busy ({measured['busy_cores']:.1f} cores)."
    return "\n".join([
        "# Training speed", "",
        f"Printed by `{command.strip()}`. {measured['machine']}, {measured['threads']} threads each; {', '.join(names)}; "
        f"{measured['batches']}; {measured['rounds']} rounds in turns: rates over all, and the range of single rounds."
        f"{busy} Rate of matrix multiplication alone, measured in the same run: {peaks}. Tokens are real target tokens. "
        "Marian trains in f32 throughout. ≥ and **<** compare with the goal behind them.", "",
        *("| " + " | ".join(cells) + " |" for cells in table)]) + "\n"


def chart(measured):
    """Horizontal bars: each program's rate by that of PyTorch (eager), by shape and precision."""
    groups = []
    for result in measured["results"]:
        base = result["sides"].get("pytorch", next(iter(result["sides"].values())))["tokens_per_second"]
        bars = []
        for key, side in result["sides"].items():
            rate = side["tokens_per_second"]
            bars.append((rate / base, COLORS[key], f"{NAMES[key]} {rate / base:.1f} × ({rate:,.0f}/s)"))
        groups.append((f"{result['shape']}, {result['precision']}", bars))
    return bar_chart("Training: real target tokens per second, PyTorch (eager) = 1; Marian in f32 throughout", groups)
