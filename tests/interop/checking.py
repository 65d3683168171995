# SPDX-License-Identifier: Apache-2.0
"""What the live checks of `make parity` share: running the program, and their results as JSON."""

import argparse
import json
import pathlib
import subprocess
import sys

# As the other libraries search: a score is the mean log-probability per token, and <unk> may be said.
MEAN = ("--quiet", "--length-penalty", 1, "--length-penalty-form", "power")
SEARCH = ("--allow-unk", *MEAN)


def run(*command, text=None):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def imported(program, source, folder, *options):
    """The directory of the imported model."""
    run(program, "import", source, "--output", folder, *options)
    return folder


def scores(program, model, folder):
    """Log-probabilities of folder/tgt given folder/src."""
    return [float(line) for line in run(program, "score", "--model", model, "--src", folder / "src", "--tgt",
                                        folder / "tgt", "--quiet").splitlines()]


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("program")
    parser.add_argument("--json", help="where the results go")
    return parser


def finish(results, path):
    """Writes the results and ends the program, with 1 if one has not passed."""
    if path:
        pathlib.Path(path).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    sys.exit(not all(result["passed"] for result in results))
