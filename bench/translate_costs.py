# SPDX-License-Identifier: Apache-2.0
"""What translating costs besides time in turns, for translate_speed.py: start, memory, size of the weights' file."""

import re
import statistics
import subprocess
import sys
import time

from translate_rows import CT2_INT8, OURS_INT8
from translate_sides import SideError, Task, model_folder

MEMORY = Task("base", 4, "batch", 2)
START = Task("base", 1, "single", 1)
GOALS = {"start": 50, "memory": 0.8, "file": 0.27}  # ms, of CTranslate2's, of f32's


def opened(bench, contender, task):
    """The contender as in the table, or None where it cannot be had."""
    try:
        return bench.open_best(contender, task)
    except SideError as error:
        print(f"{contender[0]} is left out: {error}", file=sys.stderr)
        return None


def ten_words(bench):
    """A sentence of ten words, or of nearly as many."""
    return min(bench.sources["test"], key=lambda line: abs(len(line.split()) - 10))


def start(options, bench):
    """Milliseconds from the start of `dragoman translate` to its first line; of CTranslate2, whose start would be
    Python's, those of opening the model and of the first sentence, within the process."""
    sentence, times = ten_words(bench), []
    command = [options.dragoman, "translate", "--quiet", "--no-verify", "--beam-size", "1", "--threads", "1", "--model",
               model_folder(options, OURS_INT8, START)]
    for _ in range(3 if options.short else 30):
        begin = time.perf_counter()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
            process.stdin.write(sentence + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            times.append(1000 * (time.perf_counter() - begin))
            process.stdin.close()
    times = times[1:]  # the first one brought the model into the page cache
    found = {"ours_ms": statistics.median(times), "range_ms": [min(times), max(times)], "words": len(line.split()),
             "goal": GOALS["start"]}
    if side := opened(bench, CT2_INT8, START):
        path = bench.folder / "ten-words.txt"
        path.write_text(sentence + "\n", encoding="utf-8")
        found["theirs_ms"] = 1000 * side.opened["seconds"] + side.translate(path)[0]["latencies_ms"][0]
        side.close()
    return found


def memory(_, bench):
    """Bytes resident while 64 sentences are translated, at most, less those before the model was opened."""
    found = {"goal": GOALS["memory"]}
    for key, contender in (("ours", OURS_INT8), ("theirs", CT2_INT8)):
        if side := opened(bench, contender, MEMORY):
            answer, _ = side.translate(bench.source("test", 0, 64))
            found[key] = answer["peak_rss"] - side.opened["rss_before"]
            side.close()
    return found


def file_sizes(options, _):
    folders = {key: model_folder(options, ("dragoman", key), MEMORY) for key in ("int8", "f32")}
    found = {key: (folder / "model.safetensors").stat().st_size for key, folder in folders.items()}
    theirs = model_folder(options, CT2_INT8, MEMORY) / "model.bin"
    if theirs.exists():
        found["theirs"] = theirs.stat().st_size
    return {**found, "goal": GOALS["file"]}


def measure_all(options, bench):
    measures = {"start": start, "memory": memory, "file": file_sizes}
    return {name: measure(options, bench) for name, measure in measures.items() if re.search(options.rows, name)}
