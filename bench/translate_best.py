# SPDX-License-Identifier: Apache-2.0
"""The best settings of each peer on this machine, for translate_speed.py: searched once for each task, then kept.

They lie in PROGRAM-best.json beside the models, with all that was tried. Another processor or another version of the
program searches anew. A setting that a program refuses, such as one for another processor, is left out.
"""

import json
import sys

import report
from translate_sides import Side, SideError, name_of, stages


def measure(options, contender, task, settings, sources):
    """Sentences a second on the second of the sources, after the first as a warm-up; and the program's version."""
    side = Side(options, contender, task, settings)
    try:
        side.translate(sources[0])
        answer, _ = side.translate(sources[1])
        return answer["sentences"] / answer["seconds"], side.opened["version"]
    finally:
        side.close()


def first_settings(contender, task):
    """Those to begin with, where nothing is searched."""
    settings = {}
    for stage in stages(contender, task):
        settings = {**settings, **stage[0]}
    return settings


def look(options, contender, task, settings, sources):
    """One measurement, as it is kept."""
    try:
        rate, version = measure(options, contender, task, settings, sources)
    except SideError as error:
        return {"settings": settings, "refused": str(error), "sentences_per_second": 0}
    print(f"  {rate:,.1f} sentences/s with {settings}", file=sys.stderr)
    return {"settings": settings, "sentences_per_second": rate, "version": version}


def search(options, contender, task, sources):
    """Stage by stage; the best two of each are measured once more, so that a moment's noise does not decide."""
    def rate(entry):
        return entry["sentences_per_second"]

    best, tried = {"settings": first_settings(contender, task)}, []
    for stage in stages(contender, task):
        for change in stage:
            settings = {**best["settings"], **change}
            if all(entry["settings"] != settings for entry in tried):
                tried.append(look(options, contender, task, settings, sources))
        for entry in sorted(tried, key=rate)[-2:]:
            again = look(options, contender, task, entry["settings"], sources)
            entry["sentences_per_second"] = max(rate(entry), rate(again))
        best = max(tried, key=rate)
        if "refused" in best:
            raise SideError(best["refused"])
    return {"machine": report.processor_name(), "version": best["version"], "settings": best["settings"],
            "tried": tried}


def open_first(options, contender, task):
    return Side(options, contender, task, first_settings(contender, task))


def open_best(options, contender, task, sources):
    """The contender with its best settings, which are searched on two source files if they are not known yet."""
    if options.short or stages(contender, task) == [[{}]]:
        return open_first(options, contender, task)
    path = options.models / f"{contender[0]}-best.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    key = f"{contender[1]}: {task}"
    entry = kept.get(key)
    if entry and entry["machine"] == report.processor_name():
        side = Side(options, contender, task, entry["settings"])
        if side.opened["version"] == entry["version"]:
            return side
        side.close()
    print(f"searching the best settings of {name_of(contender)}: {task}", file=sys.stderr)
    kept[key] = search(options, contender, task, sources)
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return Side(options, contender, task, kept[key]["settings"])
