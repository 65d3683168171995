// SPDX-License-Identifier: Apache-2.0
// What the pickle of a state dict says: each tensor is a view of a storage, which lies elsewhere in the file.
#ifndef DRAGOMAN_ARCHIVE_TORCH_STATE_DICT_H_
#define DRAGOMAN_ARCHIVE_TORCH_STATE_DICT_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive/file_origin.h"
#include "archive/pickle_reader.h"
#include "tensor/safetensors.h"  // DType

namespace dragoman {

struct TorchStorage {
  DType dtype = DType::kF32;
  int64_t numbers = 0;
  int64_t bytes = 0;
};

struct TorchTensor {
  std::string name;
  std::string storage;  // its key
  int64_t offset = 0;   // numbers from the storage's start
  std::vector<int64_t> shape, strides;
};

struct TorchStateDict {
  std::vector<TorchTensor> tensors;
  std::map<std::string, TorchStorage> storages;  // by key
  size_t pickle_bytes = 0;                       // that the pickle takes
};

// The pickle that `bytes` begins with. Throws FormatError for whatever is not a dict from names to tensors. Places are
// not checked.
TorchStateDict ReadTorchStateDict(std::string_view bytes, const FileOrigin& origin);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_TORCH_STATE_DICT_H_
