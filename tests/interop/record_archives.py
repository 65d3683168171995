#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small files of tensors with the libraries whose formats src/archive/ reads, for recorded_archives_test.cc there.

    build/venv-parity/bin/python tests/interop/record_archives.py     # writes tests/interop/recorded/archives/

Every tensor of n numbers holds those of quarters(n), row-major: -0.5, -0.25, 0, ... as floats; -2, -1, 0, ... as
integers; the test knows. (Marian's files have no writer in Python: the test of its reader writes them.)
"""

import argparse
import collections
import io
import pathlib
import shutil
import zipfile

import ctranslate2.specs.model_spec as ct2
import huggingface_hub
import numpy as np
import torch

FOLDER = pathlib.Path(__file__).parent / "recorded/archives"


def quarters(*shape, dtype="float32"):
    numbers = np.arange(int(np.prod(shape))) - 2
    return (numbers if np.dtype(dtype).kind in "iub" else numbers / 4).astype(dtype).reshape(shape)


def record_numpy():
    arrays = {
        "float": quarters(2, 3), "double": np.asfortranarray(quarters(3, 2, dtype="float64")),
        "cube": np.asfortranarray(quarters(2, 3, 4)), "half": quarters(5, dtype="float16"),
        "bytes": quarters(7, dtype="int8"), "long": quarters(3, dtype="int64"), "scalar": quarters(),
        "empty": quarters(0, 4), "bools": np.array([False, True]), "encoder/layer_0::bias": quarters(1, 4),
    }
    np.savez(FOLDER / "stored.npz", **arrays)
    np.savez_compressed(FOLDER / "deflated.npz", **arrays)
    with zipfile.ZipFile(FOLDER / "versions.npz", "w") as archive:
        for version in (1, 2, 3):
            data = io.BytesIO()
            np.lib.format.write_array(data, quarters(2, 3), version=(version, 0))
            archive.writestr(f"version{version}.npy", data.getvalue())


def state_dict():
    module = torch.nn.Module()
    module.embed = torch.nn.Embedding(3, 2)
    module.embed.weight.data.copy_(torch.from_numpy(quarters(3, 2)))
    module.output = torch.nn.Linear(2, 3, bias=False)
    module.output.weight = module.embed.weight  # tied: one storage
    module.register_buffer("of_half", torch.from_numpy(quarters(4, dtype="float16")))
    module.register_buffer("of_bfloat16", torch.from_numpy(quarters(4)).bfloat16())
    module.register_buffer("of_double", torch.from_numpy(quarters(2, dtype="float64")))
    module.register_buffer("of_long", torch.from_numpy(quarters(3, dtype="int64")))
    module.register_buffer("of_bool", torch.tensor([True, False]))
    module.register_buffer("scalar", torch.tensor(-0.5))
    module.register_buffer("empty", torch.zeros(0, 4))
    columns = torch.from_numpy(np.ascontiguousarray(quarters(3, 2).T))  # the numbers of (3, 2) column by column
    module.register_buffer("transposed", columns.t())
    spread = torch.full((12,), 9.0)
    spread[3:11:2] = torch.from_numpy(quarters(4))
    module.register_buffer("strided", spread[3:11:2])
    return module.state_dict()


def record_torch():
    torch.save(state_dict(), FOLDER / "zip.bin")
    torch.save(state_dict(), FOLDER / "stream.bin", _use_new_zipfile_serialization=False)
    plain = {"weight": torch.nn.Parameter(torch.from_numpy(quarters(2, 2)))}
    strange = {"parameter": plain, "nested": {"model": plain},
               "namespace": {"weight": plain["weight"].data, "args": argparse.Namespace(lr=0.1)}}
    for name, value in strange.items():
        torch.save(value, FOLDER / f"{name}.bin", _use_new_zipfile_serialization=False)
    torch.serialization.set_crc32_options(False)
    torch.save(collections.OrderedDict(weight=torch.from_numpy(quarters(2, 2))), FOLDER / "no_checksums.bin")
    torch.serialization.set_crc32_options(True)


def record_shards():
    tensors = {f"layer.{i}": torch.from_numpy(quarters(2, 3)) for i in range(3)}
    for folder, safe in (("safetensors_shards", True), ("torch_shards", False)):
        (FOLDER / folder).mkdir()
        huggingface_hub.save_torch_state_dict(tensors, FOLDER / folder, max_shard_size=48, safe_serialization=safe)


class LinearSpec(ct2.LayerSpec):
    def __init__(self):
        self.weight = None
        self.weight_scale = ct2.OPTIONAL
        self.bias = ct2.OPTIONAL


class TinySpec(ct2.ModelSpec):
    def __init__(self):
        super().__init__()
        self.first = LinearSpec()
        self.second = LinearSpec()
        self.activation = np.dtype("int8").type(2)
        self.note = "text"

    @property
    def name(self):
        return "TinySpec"

    @property
    def revision(self):
        return 7


def record_ctranslate2():
    for name, quantization in (("float32", "float32"), ("int8", "int8"), ("float16", "float16")):
        spec = TinySpec()
        spec.first.weight = quarters(3, 4)
        spec.second.weight = quarters(3, 4)  # equal, so an alias
        spec.first.bias = quarters(3)
        spec.validate()
        spec.optimize(quantization=quantization)
        spec._serialize(FOLDER / f"ctranslate2_{name}.bin")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    record_numpy()
    record_torch()
    record_shards()
    record_ctranslate2()
    for path in FOLDER.rglob("*.*"):
        path.chmod(0o644)
    print(sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()), "bytes")


if __name__ == "__main__":
    main()
