// SPDX-License-Identifier: Apache-2.0
// Files that are bytes in memory: to be read, or written.
#ifndef DRAGOMAN_BASE_MEMORY_FILE_H_
#define DRAGOMAN_BASE_MEMORY_FILE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file_system.h"

namespace dragoman {

class MemoryFile : public ReadableFile {
 public:
  // A copy of the bytes, beginning on a cache line, as a page would; and ending where they end, so that
  // AddressSanitizer sees who reads on.
  explicit MemoryFile(std::string_view bytes)
      : size_(bytes.size()), bytes_(static_cast<char*>(::operator new(bytes.size(), kCacheLine))) {
    std::ranges::copy(bytes, bytes_.get());
  }

  int64_t size() const override { return static_cast<int64_t>(size_); }
  void Read(int64_t offset, std::span<char> out) const override {
    DRAGOMAN_CHECK(offset >= 0 && static_cast<size_t>(offset) + out.size() <= size_);
    std::copy_n(bytes_.get() + offset, out.size(), out.data());
  }
  std::span<const char> Map() override { return {bytes_.get(), size_}; }

 private:
  static constexpr std::align_val_t kCacheLine{64};
  struct Free {
    void operator()(char* bytes) const { ::operator delete(bytes, kCacheLine); }
  };

  size_t size_;
  std::unique_ptr<char, Free> bytes_;
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
