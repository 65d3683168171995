// SPDX-License-Identifier: Apache-2.0
// The header of NumPy's .npy: "\x93NUMPY", two bytes of version (1 to 3), its length, and a Python dictionary,
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
// Source: numpy/lib/format.py.
#ifndef DRAGOMAN_ARCHIVE_NPY_HEADER_H_
#define DRAGOMAN_ARCHIVE_NPY_HEADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/file_origin.h"
#include "tensor/safetensors.h"  // DType

namespace dragoman {

inline constexpr int64_t kMaxNpyHeaderBytes = 12 + 10'000;  // NumPy's own limit

struct NpyHeader {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  bool fortran_order = false;  // column-major
  int64_t bytes = 0;           // of the header; the numbers follow
};

// `head` is the file's beginning, kMaxNpyHeaderBytes of it where it is as long. Throws FormatError, with `subject` for
// what the file is, also for dtypes that we do not read: big-endian numbers, complex ones, text, objects, records.
NpyHeader ParseNpyHeader(std::string_view head, const std::string& subject, const FileOrigin& origin);

// The header of version 1.0 of row-major numbers, which follow it on a multiple of 64 bytes.
std::string NpyHeaderOf(DType dtype, const std::vector<int64_t>& shape);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_NPY_HEADER_H_
