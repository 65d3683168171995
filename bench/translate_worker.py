# SPDX-License-Identifier: Apache-2.0
"""How a side of translate_speed.py talks: one JSON object a line on stdin, one back on stdout. Ours, translate_bench,
does the same. What a side prints otherwise goes to stderr.

  {"cmd": "open", "model": DIR, "precision": "f32|bf16|int8", "threads": N, "beam": N, "length_penalty": A, ...}
      {"seconds": of loading, "rss_before": bytes, "rss_after": bytes, "version": "CTranslate2 4.8.1"}
  {"cmd": "translate", "input": FILE, "output": FILE, "beam": N, "length_penalty": A, "mode": "batch|single"}
      {"seconds": S, "sentences": N, "latencies_ms": [of each sentence, where single], "peak_rss": most since then}

Files hold raw text, a sentence a line. batch: all of them at once; single: one after the other. A hypothesis' score is
its log-probability by its length to the power of length_penalty. Beam and penalty of "open" are those of all commands
that follow, since Marian wants to know them then; further keys are a side's own. An answer {"error": TEXT} says why
there is none. End of input ends the program.
"""

import json
import os
import pathlib
import sys
import time


def memory_bytes(field):
    """VmRSS (resident now) or VmHWM (most since the last reset) of this process."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def read_lines(path):
    """Without what else Python takes for the end of a line."""
    return pathlib.Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n")


def write_lines(path, lines):
    pathlib.Path(path).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def open_model(command, opener, version):
    before, begin = memory_bytes("VmRSS"), time.perf_counter()
    translate_lines = opener(command)
    seconds = time.perf_counter() - begin
    answer = {"seconds": seconds, "rss_before": before, "rss_after": memory_bytes("VmRSS"), "version": version}
    return translate_lines, answer


def translate(command, translate_lines):
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
    latencies, begin = [], time.perf_counter()
    lines = read_lines(command["input"])
    if command["mode"] == "batch":
        found = translate_lines(lines)
    else:
        found = []
        for line in lines:
            start = time.perf_counter()
            found += translate_lines([line])
            latencies.append(1000 * (time.perf_counter() - start))
    write_lines(command["output"], found)
    return {"seconds": time.perf_counter() - begin, "sentences": len(found), "latencies_ms": latencies,
            "peak_rss": memory_bytes("VmHWM")}


def serve(opener, version):
    """Answers commands. opener takes that of "open" and returns a function from a list of sentences to the list of
    their translations; its beam is that of "open"."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print to stdout, too
    translate_lines = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["cmd"] == "open":
                translate_lines, answer = open_model(command, opener, version)
            elif command["cmd"] == "translate":
                answer = translate(command, translate_lines)
            else:
                answer = {"error": f"unknown cmd {command['cmd']!r}; expected open or translate"}
        except Exception as error:  # whatever a library throws is an answer, too
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
