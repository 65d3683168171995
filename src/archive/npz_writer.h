// SPDX-License-Identifier: Apache-2.0
// NumPy's .npz, written: a zip of .npy files, stored, as numpy.savez and Marian's cnpy make it.
#ifndef DRAGOMAN_ARCHIVE_NPZ_WRITER_H_
#define DRAGOMAN_ARCHIVE_NPZ_WRITER_H_

#include <vector>

#include "base/file_system.h"
#include "tensor/safetensors.h"  // TensorView

namespace dragoman {

// Writes a whole file of arrays of F32 or I8, in the order of their names whatever the order given, so that the same
// arrays make the same bytes. All of the file is in memory before it is written. Does not sync. Names differ.
void WriteNpz(std::vector<TensorView> arrays, WritableFile& file);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_NPZ_WRITER_H_
