#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Translates lines with Bergamot's engine: run_bergamot.py CONFIG.yml < lines. For the Python 3.10 that has its package
(pip install --no-deps bergamot==0.4.5); only the engine is loaded of it, since the rest fetches a list of models."""

import importlib.util
import pathlib
import sys


def engine():
    for folder in map(pathlib.Path, sys.path):
        for path in (folder / "bergamot").glob("_bergamot*.so"):
            spec = importlib.util.spec_from_file_location("_bergamot", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    sys.exit("this Python has no package bergamot: pip install --no-deps bergamot==0.4.5")


def main():
    bergamot = engine()
    service = bergamot.Service(bergamot.ServiceConfig(numWorkers=1, cacheSize=0, logLevel="off"))
    model = service.modelFromConfigPath(sys.argv[1])
    lines = bergamot.VectorString(sys.stdin.read().splitlines())
    options = bergamot.ResponseOptions(alignment=False, qualityScores=False, HTML=False)
    for response in service.translate(model, lines, options):
        print(response.target.text)


if __name__ == "__main__":
    main()
