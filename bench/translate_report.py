# SPDX-License-Identifier: Apache-2.0
"""What translate_speed.py measured, as two Markdown tables and as a bar chart (SVG)."""

from bar_chart import bar_chart
from translate_sides import NAMES

COLORS = {"dragoman": "#c0392b", "ctranslate2": "#7f8c8d", "marian": "#34495e", "bergamot": "#8e6f3e",
          "transformers": "#95a5a6"}


def title(contender):
    program, precision = contender.split()
    return f"{NAMES[program]} {precision}"


def with_goal(text, value, goal, at_most=False):
    """The text, and whether the value reaches its goal, where there is one."""
    if goal is None:
        return text
    sign = ("≤" if value <= goal else "**>**") if at_most else "≥" if value >= goal else "**<**"
    return f"{text} {sign} {goal:g}"


def table(header, rows):
    return ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]


def speed(side, measure):
    if measure == "tokens/s":
        return f"{side['tokens_per_second']:,.0f} tokens/s"
    return f"{measure} {side[measure + '_ms']:.2f} ms"


def ratio_cell(entry):
    cells = []
    if "ratio" in entry:
        low, high = entry["ratio_range"]
        cells.append(with_goal(f"{entry['ratio']:.2f} × ({low:.2f}–{high:.2f})", entry["ratio"], entry["goal"]))
    if "share" in entry:
        share = f"{entry['share']:.0%} of the rate of multiplication"
        goal = entry["share_goal"]
        cells.append(f"{share} {'≥' if entry['share'] >= goal else '**<**'} {goal:.0%}")
    elif entry["share_goal"] is not None:
        cells.append(f"rate of multiplication not measured (goal {entry['share_goal']:.0%})")
    return "; or ".join(cells) or "–"


def comparison_rows(measured):
    for entry in measured["comparisons"]:
        result = next(result for result in measured["results"] if result["task"] == entry["task"])
        ours, theirs = result["sides"].get(entry["ours"]), result["sides"].get(entry["theirs"])
        if theirs:
            beside = f"{title(entry['theirs'])}: {speed(theirs, entry['measure'])}"
        else:
            reasons = {name: result["missing"].get(name, "left out") for name in entry["wanted"]}
            beside = "; ".join(f"{title(name)}: {reason}" for name, reason in reasons.items())
        mine = f"{title(entry['ours'])}: {speed(ours, entry['measure'])}" if ours else result["missing"][entry["ours"]]
        yield [entry["task"], mine, beside or "–", ratio_cell(entry)]


def mib(size):
    return f"{size / 2**20:,.0f} MiB"


def start_row(start):
    low, high = start["range_ms"]
    theirs = "–"
    if "theirs_ms" in start:
        theirs = f"CTranslate2 int8, opening and the sentence alone: {start['theirs_ms']:.0f} ms"
    return [f"base int8 in the page cache, greedy, 1 thread: from the process' start to {start['words']} words",
            f"{start['ours_ms']:.0f} ms ({low:.0f}–{high:.0f})", theirs,
            with_goal(f"{start['ours_ms']:.0f} ms", start["ours_ms"], start["goal"], at_most=True)]


def memory_row(memory):
    setting = "base int8, 64 sentences, beam 4: memory while translating, less that before opening"
    if "ours" not in memory or "theirs" not in memory:
        return [setting, mib(memory["ours"]) if "ours" in memory else "left out", "–", "–"]
    share = memory["ours"] / memory["theirs"]
    return [setting, mib(memory["ours"]), f"CTranslate2 int8: {mib(memory['theirs'])}",
            with_goal(f"{share:.2f}", share, memory["goal"], at_most=True)]


def file_row(file):
    share = file["int8"] / file["f32"]
    theirs = f"; CTranslate2 int8: {mib(file['theirs'])}" if "theirs" in file else ""
    return ["base: file of int8 weights, beside that of f32", mib(file["int8"]), f"f32: {mib(file['f32'])}{theirs}",
            with_goal(f"{share:.3f}", share, file["goal"], at_most=True)]


def cost_rows(costs):
    makers = {"start": start_row, "memory": memory_row, "file": file_row}
    return [makers[name](cost) for name, cost in costs.items()]


def settings_text(settings):
    flat = {**settings, **settings.get("environment", {})}
    flat.pop("environment", None)
    return ", ".join(f"{key} {value}" for key, value in flat.items()) or "–"


def run_rows(measured):
    for result in measured["results"]:
        for name, side in result["sides"].items():
            times = f"{side['p50_ms']:.2f} / {side['p99_ms']:.2f}" if "p50_ms" in side else "–"
            yield [result["task"], title(name), f"{side['tokens_per_second']:,.0f}",
                   f"{side['sentences_per_second']:,.1f}", times, f"{side['loading_seconds']:.3f}",
                   f"{side['same_as_first']:.0%}", settings_text(side["settings"])]
        for name, reason in result["missing"].items():
            yield [result["task"], title(name), *["–"] * 5, reason]


def agreement_text(measured):
    found = [f"{title(name)} {side['same_as_first']:.1%} ({result['model']}{', imported' if result['imported'] else ''})"
             for result in measured["agreement"]
             for name, side in result["sides"].items() if name != "dragoman f32"]
    return "Greedy outputs that are those of Dragoman f32: " + (", ".join(found) or "not measured") + "."


def markdown(measured, command):
    """A page with what was run, where, and the tables."""
    versions = sorted({side["version"] for result in measured["results"] for side in result["sides"].values()})
    peaks = ", ".join(f"{precision} {rate:,.0f}" for precision, rate in measured["peaks"].items()) or "not measured"
    rounds = f"{measured['rounds']} round{'s' if measured['rounds'] > 1 else ''}"
    busy = "" if measured["busy_cores"] <= 0.2 else f" The machine was busy ({measured['busy_cores']:.1f} cores)."
    return "\n".join([
        "# Translation speed", "",
        f"Printed by `{command.strip()}`. {'; '.join([measured['machine'], *versions])}; {rounds} in turns: "
        "rates over all, and the range of single rounds. Same weights, raw text to raw text, loading counted "
        f"apart, tokens of one vocabulary for all.{busy} Multiplication alone, two threads, GFLOP/s: {peaks}. "
        f"{agreement_text(measured)} ≥, ≤, **<** and **>** compare with the goal behind them.", "",
        *table(["setting", "Dragoman", "beside", "ratio (range), goal"],
               [*comparison_rows(measured), *cost_rows(measured["costs"])]), "",
        "What ran, with which settings (of peers the best found here), and how many of its outputs are those of the "
        "row's first:", "",
        *table(["setting", "program", "tokens/s", "sentences/s", "p50 / p99 ms", "loading s", "same outputs",
                "settings"], run_rows(measured))]) + "\n"


def chart(measured):
    """Each program's tokens a second by those of the row's first peer."""
    groups = []
    for result in measured["results"]:
        peers = [side for name, side in result["sides"].items() if not name.startswith("dragoman")]
        if not result["sides"]:
            continue
        base = (peers or list(result["sides"].values()))[0]["tokens_per_second"]
        bars = []
        for name, side in result["sides"].items():
            rate = side["tokens_per_second"]
            bars.append((rate / base, COLORS[name.split()[0]], f"{title(name)} {rate / base:.1f} × ({rate:,.0f}/s)"))
        groups.append((result["task"], bars))
    caption = "Translation: target tokens per second, the first peer of a row = 1"
    return bar_chart(caption, groups, label_width=262, text_width=225)
