# SPDX-License-Identifier: Apache-2.0
"""Checks that Python's safetensors package reads our files and we read its files.

    python3 tests/python/check_safetensors.py [build/release/tensor.safetensors_test]

Needs the packages safetensors and numpy; says so and exits 77 without them.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import save_file
except ImportError as error:
    print(f"skipped: check_safetensors.py: {error}; tests/python/make-venv installs it")
    sys.exit(77)

program = sys.argv[1] if len(sys.argv) > 1 else "build/release/tensor.safetensors_test"
with tempfile.TemporaryDirectory() as directory:
    values = np.array([[0, 0.25, 0.5], [0.75, 1, -1.25]])
    save_file(
        {"f16": values.astype(np.float16), "f32": values.astype(np.float32), "f64": values, "i64": np.arange(3)},
        os.path.join(directory, "theirs.safetensors"),
        metadata={"written_by": "python"},
    )
    subprocess.run(
        [program, "--gtest_filter=*ExchangesFilesWithPythonsPackage"],
        env={**os.environ, "DRAGOMAN_SAMPLE_DIR": directory},
        check=True,
    )
    with safe_open(os.path.join(directory, "ours.safetensors"), framework="numpy") as ours:
        assert ours.metadata() == {"format": "dragoman"}, ours.metadata()
        assert sorted(ours.keys()) == ["a.bias", "b.weight", "empty", "scalar"], ours.keys()
        expected = np.array([[1, -2.5, 3e-40], [np.inf, 0, -0.0]], dtype=np.float32)
        assert ours.get_tensor("b.weight").tobytes() == expected.tobytes(), ours.get_tensor("b.weight")
        assert ours.get_tensor("a.bias").tolist() == [7]
        assert ours.get_tensor("empty").shape == (0, 4)
        assert ours.get_tensor("scalar").shape == ()
print("passed: safetensors files go both ways")
