# SPDX-License-Identifier: Apache-2.0
"""Lets the contenders of a row translate in turns, for translate_speed.py."""

import dataclasses
import subprocess
import sys

from translate_best import open_best, open_first
from translate_compare import summary
from translate_sides import SideError, name_of
from translate_worker import read_lines, write_lines


def same_output(a, b):
    """Equal, or one goes on where the other was cut: programs have different limits of length."""
    return a == b or bool(a and b) and (a.startswith(b) or b.startswith(a))


class Bench:
    def __init__(self, options):
        self.options = options
        self.sources = {part: read_lines(options.models / f"{part}.src") for part in ("val", "test")}
        self.folder = options.models / "outputs"
        self.folder.mkdir(exist_ok=True)

    def source(self, part, begin, sentences):
        """A file with so many sentences; beyond the last comes the first."""
        lines = self.sources[part]
        lines = [lines[(begin + i) % len(lines)] for i in range(sentences)]
        path = self.folder / f"{part}-{sentences}.txt"
        write_lines(path, lines)
        return path

    def tokens(self, task, path):
        """Pieces of a file's lines in the model's vocabulary, each line's end included: one measure for all."""
        vocabulary = self.options.models / task.model / "run/best/vocab.model"
        found = subprocess.run([self.options.dragoman, "encode", "--quiet", "--vocab", vocabulary, "--input", path],
                               check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
        return len(found.split()) + found.count("\n")

    def open_best(self, contender, task, sentences=256):
        sources = self.source("val", 0, 8), self.source("val", 8, 32 if task.mode == "single" else min(sentences, 256))
        return open_best(self.options, contender, task, sources)

    def open_sides(self, row, search):
        """Those that can be had, and why the others cannot."""
        sides, missing = [], {}
        for contender in row.contenders:
            try:
                side = (self.open_best(contender, row.task, row.sentences) if search else
                        open_first(self.options, contender, row.task))
                sides.append(side)
            except SideError as error:
                missing[name_of(contender)] = str(error)
                print(f"{row.task}: {name_of(contender)} is left out: {error}", file=sys.stderr)
        return sides, missing

    def take_turns(self, row, sides, rounds):
        """Blocks of each side, and its outputs. One that fails in the middle fails the run."""
        sentences = min(row.sentences, 12) if self.options.short else row.sentences
        blocks, outputs = [[] for _ in sides], [[] for _ in sides]
        warm_up = self.source("val", 0, 8)
        for side in sides:
            side.translate(warm_up)
        src_tokens = 0
        for turn in range(rounds):
            source = self.source("test", turn * sentences, sentences)
            src_tokens += self.tokens(row.task, source)
            for i in range(len(sides)) if turn % 2 == 0 else reversed(range(len(sides))):
                answer, lines = sides[i].translate(source)
                if len(lines) != sentences:
                    raise SideError(f"{name_of(sides[i].contender)} made {len(lines)} lines of {sentences}")
                blocks[i].append({**answer, "tokens": self.tokens(row.task, sides[i].output)})
                outputs[i] += lines
        return src_tokens, blocks, outputs

    def run(self, row, rounds, search=True):
        sides, missing = self.open_sides(row, search)
        print(f"{row.task}: {', '.join(name_of(side.contender) for side in sides)}", file=sys.stderr)
        try:
            src_tokens, blocks, outputs = self.take_turns(row, sides, rounds)
        finally:
            for side in sides:
                side.close()
        result = {"task": str(row.task), **dataclasses.asdict(row.task), "missing": missing, "src_tokens": src_tokens,
                  "sides": {}}
        for i, side in enumerate(sides):
            same = sum(map(same_output, outputs[0], outputs[i])) / len(outputs[0])
            result["sides"][name_of(side.contender)] = {
                "version": side.opened["version"], "settings": side.settings, "loading_seconds": side.opened["seconds"],
                **summary(blocks[i]), "same_as_first": same, "blocks": blocks[i]}
        return result
