# SPDX-License-Identifier: Apache-2.0
"""Checks that TensorBoard opens our event files, also those of a run that was killed and resumed.

    python3 tests/python/check_tensorboard.py [build/release/train.tensorboard_writer_test]

Needs the package tensorboard; says so and exits 77 without it.
"""
import os
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"skipped: check_tensorboard.py: {error}; tests/python/make-venv installs it")
    sys.exit(77)

program = sys.argv[1] if len(sys.argv) > 1 else "build/release/train.tensorboard_writer_test"
with tempfile.TemporaryDirectory() as directory:
    subprocess.run(
        [program, "--gtest_filter=*WritesARunForTensorBoard"],
        env={**os.environ, "DRAGOMAN_SAMPLE_DIR": directory},
        check=True,
    )
    run = EventAccumulator(directory)
    run.Reload()
    assert sorted(run.Tags()["scalars"]) == ["train/loss", "valid/bleu"], run.Tags()
    loss = [(point.step, point.value) for point in run.Scalars("train/loss")]
    assert loss == [(1, 9), (2, 8), (3, 7), (4, 16), (5, 15), (6, 14)], loss  # steps 4 and 5 of the second run only
    bleu = run.Scalars("valid/bleu")
    assert [(point.step, round(point.value, 4)) for point in bleu] == [(6, 34.4)], bleu
print("passed: TensorBoard reads our event files")
