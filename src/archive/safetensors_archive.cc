// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "archive/shard_index.h"
#include "archive/tensor_archive.h"
#include "archive/tensor_table.h"

namespace dragoman {
namespace {

// The reader has checked dtypes, shapes and places.
TensorTable ReadTable(std::unique_ptr<ReadableFile> file, const std::string& path) {
  const auto reader = std::make_shared<SafetensorsReader>(std::move(file), path);
  const ByteSource source = HeldSource({reader, reader->Bytes()});
  TensorTable table({path, "the file is damaged or no safetensors file: make or fetch it again"});
  for (const auto& [name, info] : reader->tensors()) table.Add(name, info.dtype, info.shape, {source, info.begin});
  return table;
}

}  // namespace

std::unique_ptr<TensorArchive> OpenSafetensorsArchive(std::unique_ptr<ReadableFile> file, const std::string& path) {
  return std::make_unique<TensorArchive>(ReadTable(std::move(file), path));
}

std::unique_ptr<TensorArchive> OpenSafetensorsArchive(FileSystem& files, const std::string& path) {
  if (!IsShardIndex(path)) return OpenSafetensorsArchive(files.Open(path), path);
  return std::make_unique<TensorArchive>(
      ReadShards(files, path, [&](const std::string& shard) { return ReadTable(files.Open(shard), shard); }));
}

}  // namespace dragoman
