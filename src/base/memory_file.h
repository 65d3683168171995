// SPDX-License-Identifier: Apache-2.0
// Files that are bytes in memory: to be read, or written.
#ifndef DRAGOMAN_BASE_MEMORY_FILE_H_
#define DRAGOMAN_BASE_MEMORY_FILE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file_system.h"

namespace dragoman {

class MemoryFile : public ReadableFile {
 public:
  // A copy of the bytes, beginning on a cache line, as a page would.
  explicit MemoryFile(std::string_view bytes)
      : size_(bytes.size()), lines_(std::make_unique<Line[]>(bytes.size() / sizeof(Line) + 1)) {
    std::ranges::copy(bytes, data());
  }

  int64_t size() const override { return static_cast<int64_t>(size_); }
  void Read(int64_t offset, std::span<char> out) const override {
    DRAGOMAN_CHECK(offset >= 0 && static_cast<size_t>(offset) + out.size() <= size_);
    std::copy_n(data() + offset, out.size(), out.data());
  }
  std::span<const char> Map() override { return {data(), size_}; }

 private:
  struct alignas(64) Line {
    char bytes[64];
  };
  char* data() const { return lines_[0].bytes; }

  size_t size_;
  std::unique_ptr<Line[]> lines_;
};

class MemoryWriter : public WritableFile {
 public:
  void Append(std::string_view bytes) override { written.append(bytes); }
  void Sync() override {}
  void Close() override {}

  std::string written;
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_MEMORY_FILE_H_
