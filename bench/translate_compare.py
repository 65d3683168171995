# SPDX-License-Identifier: Apache-2.0
"""From turns to rates, ratios and shares, for translate_speed.py."""

import statistics

from translate_sides import name_of


def summary(blocks):
    """Rates over all blocks; of single sentences, percentiles of their times."""
    seconds, tokens, sentences = (sum(block[key] for block in blocks) for key in ("seconds", "tokens", "sentences"))
    found = {"tokens_per_second": tokens / seconds, "sentences_per_second": sentences / seconds, "tokens": tokens}
    latencies = [latency for block in blocks for latency in block.get("latencies_ms", [])]
    if latencies:
        found["p50_ms"], found["p99_ms"] = percentiles(latencies)
    return found


def percentiles(latencies):
    return statistics.median(latencies), sorted(latencies)[min(len(latencies) - 1, int(0.99 * len(latencies)))]


def operations(config, beam, sentences, src_tokens, tgt_tokens):
    """Of the weights' multiplications in search: two a weight and token. Of the target, the first token is computed for
    one hypothesis, the others for as many as the beam has. Attention scores, and what is computed beyond the end of the
    hypothesis that is taken, are left out."""
    width, inner = config["d_model"], config["d_ff"]
    own = 2 * width**2 if config["decoder_ssru"] else 4 * width**2
    src = config["encoder_layers"] * (4 * width**2 + 2 * width * inner) + config["decoder_layers"] * 2 * width**2
    tgt = config["decoder_layers"] * (own + 2 * width**2 + 2 * width * inner) + config["tgt_vocab"] * width
    return 2 * (src * src_tokens + tgt * (sentences + beam * (tgt_tokens - sentences)))


def rate(block, measure):
    """What is compared, more being better: tokens a second, or one by the 50th or 99th percentile of times."""
    if measure == "tokens/s":
        return block["tokens"] / block["seconds"]
    return 1 / percentiles(block["latencies_ms"])[0 if measure == "p50" else 1]


def compare(row, result, peaks, config):
    """One entry for each goal (and percentile): ratio, its range over single rounds, share of the peak."""
    sides, found = result["sides"], []
    for goal in row.goals:
        ours = sides.get(name_of(goal.ours))
        others = [name for name in map(name_of, goal.others) if name in sides]
        for measure in ("tokens/s",) if row.task.mode == "batch" else ("p50", "p99"):
            entry = {"task": result["task"], "ours": name_of(goal.ours), "measure": measure, "goal": goal.at_least,
                     "share_goal": goal.or_share, "theirs": None, "wanted": [name_of(other) for other in goal.others]}
            if ours and others:
                pooled = {name: pool(sides[name]["blocks"]) for name in [entry["ours"], *others]}
                entry["theirs"] = fastest = max(others, key=lambda name: rate(pooled[name], measure))
                entry["ratio"] = rate(pooled[entry["ours"]], measure) / rate(pooled[fastest], measure)
                ratios = [rate(a, measure) / rate(b, measure) for a, b in zip(ours["blocks"], sides[fastest]["blocks"])]
                entry["ratio_range"] = min(ratios), max(ratios)
            peak = peaks.get(goal.ours[1])
            if ours and peak and goal.or_share is not None:
                seconds, sentences = (sum(block[key] for block in ours["blocks"]) for key in ("seconds", "sentences"))
                spent = operations(config, row.task.beam, sentences, result["src_tokens"], ours["tokens"])
                entry["share"] = spent / seconds / 1e9 / peak
            found.append(entry)
    return found


def pool(blocks):
    return {"seconds": sum(b["seconds"] for b in blocks), "tokens": sum(b["tokens"] for b in blocks),
            "latencies_ms": [latency for b in blocks for latency in b.get("latencies_ms", [])]}
