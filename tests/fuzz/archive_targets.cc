// SPDX-License-Identifier: Apache-2.0
// Archives of tensors, as other programs write them, and what they are made of.
#include <cstdint>
#include <string>
#include <vector>

#include "archive/npy_header.h"
#include "archive/pickle_reader.h"
#include "archive/tensor_archive.h"
#include "archive/tensor_table.h"
#include "archive/zip_file.h"
#include "base/check.h"
#include "base/checked_size.h"
#include "base/memory_file.h"
#include "tensor/safetensors.h"
#include "tests/fuzz/memory_files.h"
#include "tests/fuzz/targets.h"

namespace dragoman {
namespace {

constexpr int64_t kMostNumbers = 1 << 16;  // that an input is worth

std::unique_ptr<ReadableFile> FileOf(std::string_view bytes) { return std::make_unique<MemoryFile>(bytes); }

// All that its promises say can be read.
void ReadAll(const TensorArchive& archive) {
  int64_t left = kMostNumbers;
  for (const auto& [name, tensor] : archive.tensors()) {
    DRAGOMAN_CHECK(archive.Has(name) && !archive.PathOf(name).empty());
    DRAGOMAN_CHECK(CheckedProduct(tensor.shape) == tensor.elements);
    if (tensor.elements > left) continue;
    left -= tensor.elements;
    std::vector<float> numbers(static_cast<size_t>(tensor.elements));
    archive.ReadFloats(name, numbers);
    DRAGOMAN_CHECK(std::ssize(archive.ReadBytes(name)) == tensor.elements * DTypeBytes(tensor.dtype));
  }
}

void WalkPickle(const Pickle& pickle) {
  DRAGOMAN_CHECK(pickle.root < pickle.nodes.size());
  for (const PickleNode& node : pickle.nodes) {
    for (const PickleId item : node.items) DRAGOMAN_CHECK(item < pickle.nodes.size());
    DRAGOMAN_CHECK(*PickleKindName(node.kind) != '\0');
  }
}

}  // namespace

void ReadSafetensors(std::string_view bytes) {
  SafetensorsReader ours(FileOf(bytes), "f");
  for (const auto& [name, tensor] : ours.tensors()) {
    const std::string_view mapped = ours.Mapped(name, tensor.dtype, tensor.shape, /*alignment=*/1);
    DRAGOMAN_CHECK(mapped.size() <= bytes.size() && std::ssize(mapped) == tensor.end - tensor.begin);
  }
  ReadAll(*OpenSafetensorsArchive(FileOf(bytes), "f"));
}

void ReadNpz(std::string_view bytes) { ReadAll(*OpenNpzArchive(FileOf(bytes), "f")); }

void ReadNpy(std::string_view bytes) {
  const NpyHeader header = ParseNpyHeader(bytes, "it", {"f", "advice"});
  DRAGOMAN_CHECK(header.bytes >= 0 && header.bytes <= std::ssize(bytes));
  for (const int64_t size : header.shape) DRAGOMAN_CHECK(size >= 0);
}

void ReadZip(std::string_view bytes) {
  const ZipFile zip(FileOf(bytes), "f");
  for (const auto& [name, member] : zip.members()) {
    DRAGOMAN_CHECK(zip.Has(name) && name.front() != '/');
    DRAGOMAN_CHECK(zip.ReadBeginning(name, 100).size() <= 100);
    if (member.size > kMostNumbers) continue;
    DRAGOMAN_CHECK(std::ssize(zip.Read(name, kMostNumbers)) == member.size);
    DRAGOMAN_CHECK(zip.Open(name, kMostNumbers)->size() == member.size);
  }
}

void ReadPickleBytes(std::string_view bytes) {
  constexpr std::string_view kAllowed[] = {"torch._utils._rebuild_tensor_v2", "torch.FloatStorage"};
  WalkPickle(ReadPickle(bytes, kAllowed, "", {"f", "advice"}));
}

void ReadTorch(std::string_view bytes) { ReadAll(*OpenTorchArchive(FileOf(bytes), "f")); }

void ReadMarianBinary(std::string_view bytes) { ReadAll(*OpenMarianBinary(FileOf(bytes), "f")); }

void ReadCTranslate2Binary(std::string_view bytes) {
  const auto archive = OpenCTranslate2Binary(FileOf(bytes), "f");
  DRAGOMAN_CHECK(archive->binary_version() >= 2 && archive->binary_version() <= 6);
  ReadAll(*archive);
}

void ReadShardFiles(std::string_view bytes) {
  MemoryFiles files("d", FilesIn(bytes));
  ReadAll(*OpenSafetensorsArchive(files, "d/model.safetensors.index.json"));
}

}  // namespace dragoman
