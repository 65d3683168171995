// SPDX-License-Identifier: Apache-2.0
// Hugging Face's index of a model in several files: {"weight_map": {"tensor": "file beside the index", ...}, ...}.
#ifndef DRAGOMAN_ARCHIVE_SHARD_INDEX_H_
#define DRAGOMAN_ARCHIVE_SHARD_INDEX_H_

#include <functional>
#include <string>

#include "archive/tensor_table.h"
#include "base/file_system.h"

namespace dragoman {

bool IsShardIndex(const std::string& path);  // "....index.json"

// The tensors of all files that the index names, each opened by `read`. Throws FormatError unless the files have just
// the tensors that the index says, and its names of files are names and nothing more.
TensorTable ReadShards(FileSystem& files, const std::string& path,
                       const std::function<TensorTable(const std::string& path)>& read);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_SHARD_INDEX_H_
