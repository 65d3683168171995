# SPDX-License-Identifier: Apache-2.0
"""The programs that translate_speed.py compares: how each is started, what it opens, which settings are tried for it.

A contender is a program and a precision, such as ("ctranslate2", "int8"). Each runs as a process of its own that
answers commands (translate_worker.py); one that cannot be had or cannot go on is a SideError with the reason.
"""

import dataclasses
import json
import os
import pathlib
import subprocess

from translate_worker import read_lines

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
NAMES = {"dragoman": "Dragoman", "ctranslate2": "CTranslate2", "marian": "Marian", "bergamot": "Bergamot",
         "transformers": "transformers"}
PYTHON = {"ctranslate2": "build/venv-translate", "marian": "build/venv-translate", "bergamot": "build/venv-bergamot",
          "transformers": "build/venv-transformers"}
LENGTH_PENALTY = 0.6  # a hypothesis' score is its log-probability by its length to the power of this, in all programs
# Settings that are tried, in stages: each goes on from the best of the stages before. A stage is a list of changes to
# the keys of "open" (translate_worker.py), "environment" to the process'. Where nothing is tried, the first of each.
CT2_MKL = [{"environment": {"CT2_USE_MKL": value}} for value in ("0", "1")]
MARIAN_MKL = [{"environment": {}}, {"environment": {"MKL_DEBUG_CPU_TYPE": "5"}}]  # as an old MKL asks for AVX2 on AMD
MARIAN_BATCHES = [{"mini_batch": size} for size in (32, 8, 16, 64, 128)]
MARIAN_MEMORY = [{"workspace_mb": size} for size in (512, 128)]
STAGES = {
    ("ctranslate2", "batch", 2): [
        [{**mkl, "batch": 32, **threads} for mkl in CT2_MKL for threads in
         ({"inter_threads": 2, "intra_threads": 1}, {"inter_threads": 1, "intra_threads": 2})],
        [{"batch": size} for size in (32, 1, 2, 4, 8, 16, 64, 128)]],
    ("ctranslate2", "single", 1): [[{**mkl, "inter_threads": 1, "intra_threads": 1} for mkl in CT2_MKL]],
    ("marian", "f32"): [MARIAN_MKL, MARIAN_BATCHES, MARIAN_MEMORY],
    ("marian", "int8"): [
        [{"gemm": form} for form in ("intgemm8avx2", "intgemm8avx512", "packed8avx2", "packed8avx512")],
        MARIAN_MKL, MARIAN_BATCHES, MARIAN_MEMORY],
    ("transformers", "f32"): [[{"batch": size} for size in (32, 8, 16, 64, 128)]],
    ("bergamot", "int8"): [[{"mini_batch_words": size} for size in (1024, 512, 2048, 4096)],
                           [{"workspace_mb": size} for size in (128, 512)]],
}


class SideError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Task:
    """What a row of the table asks of all its contenders."""
    model: str  # base, tiny or student
    beam: int
    mode: str  # batch or single
    threads: int
    shortlist: bool = False  # of dragoman shortlist; of the others a form of the same
    imported: str = ""  # the peer whose form of the model ours was imported from; else ours is as it was trained

    def __str__(self):
        mode = "batch" if self.mode == "batch" else "one at a time"
        search = "greedy" if self.beam == 1 else f"beam {self.beam}"
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        imported = f", imported from {NAMES[self.imported]}" if self.imported else ""
        return f"{self.model}, {search}, {mode}, {threads}{', lexical shortlist' if self.shortlist else ''}{imported}"


def name_of(contender):
    return " ".join(contender)


def stages(contender, task):
    program, precision = contender
    return STAGES.get((program, task.mode, task.threads)) or STAGES.get((program, precision)) or [[{}]]


def command(options, program):
    if program == "dragoman":
        return [options.program]
    python = ROOT / PYTHON[program] / "bin/python"
    if not python.exists():
        raise SideError(f"not installed: {PYTHON[program]} is missing")
    return [python, BENCH / f"{program}_translate.py"]


def model_folder(options, contender, task):
    program, precision = contender
    folder = options.models / task.model
    if program == "dragoman" and task.imported:
        return folder / f"imported-{task.imported}"  # in f32, rounded as it is opened
    if program == "dragoman":
        return folder / ("int8" if precision == "int8" else "run/best")
    return folder / (f"ctranslate2-{precision}" if program == "ctranslate2" else
                     "transformers" if program == "transformers" else "marian")


def shortlist_keys(options, contender, task):
    """What "open" says of the shortlist, where the task has one."""
    if not task.shortlist:
        return {}
    path = options.models / task.model / "shortlist"
    if not path.exists():
        raise SideError(f"no shortlist in {path.parent}; make bench-models makes it by dragoman shortlist")
    return {"dragoman": {"shortlist": str(path)}, "ctranslate2": {"vmap": True},
            "bergamot": {"shortlist": str(path.parent / "marian/lexicon.bin")}}[contender[0]]


class Side:
    """A contender, opened for a task."""

    def __init__(self, options, contender, task, settings):
        self.contender, self.task, self.settings = contender, task, settings
        self.output = options.models / "outputs" / f"{'-'.join(contender)}.txt"
        self.output.parent.mkdir(exist_ok=True)
        self.log = self.output.with_suffix(".log")
        settings = {**settings, **shortlist_keys(options, contender, task)}
        environment = {**os.environ, **settings.pop("environment", {})}
        with self.log.open("w") as log:
            try:
                self.process = subprocess.Popen(
                    [str(part) for part in command(options, contender[0])], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
            except OSError as error:
                raise SideError(str(error)) from error
        try:
            self.opened = self.ask(
                cmd="open", model=str(model_folder(options, contender, task)), precision=contender[1],
                threads=task.threads, beam=task.beam, length_penalty=LENGTH_PENALTY, **settings)
            self.opened.setdefault("version", NAMES[contender[0]])
        except SideError:
            self.close()
            raise

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; the answer's absence says so
        line = self.process.stdout.readline()
        if not line:
            said = self.log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise SideError(f"it ended with status {self.process.wait()} and said: {said[-1]}")
        answer = json.loads(line)
        if "error" in answer:
            raise SideError(answer["error"])
        return answer

    def translate(self, source):
        """The answer, and the lines of the translation."""
        answer = self.ask(cmd="translate", input=str(source), output=str(self.output), beam=self.task.beam,
                          length_penalty=LENGTH_PENALTY, mode=self.task.mode)
        return answer, read_lines(self.output)

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
