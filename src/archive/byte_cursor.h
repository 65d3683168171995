// SPDX-License-Identifier: Apache-2.0
// Reads a binary file's header field by field, and never past its end.
#ifndef DRAGOMAN_ARCHIVE_BYTE_CURSOR_H_
#define DRAGOMAN_ARCHIVE_BYTE_CURSOR_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "archive/file_origin.h"

namespace dragoman {

static_assert(std::endian::native == std::endian::little, "numbers go from file to memory as they are");

class ByteCursor {
 public:
  // Both outlive the cursor.
  ByteCursor(std::string_view bytes, const FileOrigin& origin) : bytes_(bytes), origin_(origin) {}

  size_t at() const { return at_; }  // bytes read so far
  size_t left() const { return bytes_.size() - at_; }

  // The next little-endian number. `what` is what it is, for the error where the file ends first: "the name's length".
  template <typename T>
  T Number(std::string_view what) {
    T value;
    std::memcpy(&value, Bytes(sizeof value, what).data(), sizeof value);
    return value;
  }

  std::string_view Bytes(uint64_t count, std::string_view what) {
    if (count > left()) FailAtEnd(count, what);
    const std::string_view bytes = bytes_.substr(at_, count);
    at_ += count;
    return bytes;
  }

  // What stands before the next `end`, which is passed over.
  std::string_view Until(char end, std::string_view what);

  // What is being read, for all errors from here on: "tensor 7".
  void SetSubject(std::string subject) { subject_ = std::move(subject); }

  // Throws FormatError: the file, the subject, what is wrong.
  [[noreturn]] void Fail(const std::string& what) const;

 private:
  [[noreturn]] void FailAtEnd(uint64_t count, std::string_view what) const;

  std::string_view bytes_;
  const FileOrigin& origin_;
  size_t at_ = 0;
  std::string subject_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_BYTE_CURSOR_H_
