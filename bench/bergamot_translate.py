#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bergamot's side of translate_speed.py; translate_worker.py has the protocol. Own keys of "open": gemm (int8shift),
mini_batch_words (1024), workspace_mb (128), shortlist (path of a binary one). It reads Marian's .npz and rounds the
weights as it opens it.

  build/venv-bergamot/bin/python bench/bergamot_translate.py
"""

import importlib.metadata
import importlib.util
import pathlib

import translate_worker

CONFIG = """
models: [{folder}/model.npz]
vocabs: [{folder}/vocab.spm, {folder}/vocab.spm]
beam-size: {beam}
normalize: {length_penalty}
word-penalty: 0
max-length-break: 128
max-length-factor: 3
mini-batch-words: {mini_batch_words}
workspace: {workspace_mb}
skip-cost: {skip_cost}
cpu-threads: 0
quiet: true
quiet-translation: true
gemm-precision: {gemm}
ssplit-mode: sentence
"""


def load_extension():
    """By itself: the package around it asks a server for a list of models as it is imported."""
    folder = pathlib.Path(importlib.util.find_spec("bergamot").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("_bergamot", next(folder.glob("_bergamot*.so")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bergamot = load_extension()


def opener(command):
    gemm = "float32" if command["precision"] == "f32" else command.get("gemm", "int8shift")
    service = bergamot.Service(bergamot.ServiceConfig(numWorkers=command["threads"], cacheSize=0, logLevel="off"))
    config = CONFIG.format(
        folder=pathlib.Path(command["model"]).resolve(), beam=command["beam"], gemm=gemm,
        length_penalty=command["length_penalty"], mini_batch_words=command.get("mini_batch_words", 1024),
        workspace_mb=command.get("workspace_mb", 128), skip_cost=str(command["beam"] == 1).lower())
    if "shortlist" in command:
        config += f"shortlist: [{pathlib.Path(command['shortlist']).resolve()}]\n"
    model = service.modelFromConfig(config)
    wanted = bergamot.ResponseOptions(qualityScores=False, alignment=False, HTML=False, sentenceMappings=False)

    def translate_lines(lines):
        return [response.target.text for response in service.translate(model, bergamot.VectorString(lines), wanted)]

    return translate_lines


if __name__ == "__main__":
    translate_worker.serve(opener, f"Bergamot {importlib.metadata.version('bergamot')}")
