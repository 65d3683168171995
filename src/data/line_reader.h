// SPDX-License-Identifier: Apache-2.0
// Lines of a text file, plain or gzip, or of stdin: checked, so that what comes out is UTF-8 without surprises.
#ifndef DRAGOMAN_DATA_LINE_READER_H_
#define DRAGOMAN_DATA_LINE_READER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_hash.h"
#include "data/byte_source.h"
#include "data/line_trimmer.h"

namespace dragoman {

constexpr size_t kMaxLineBytes = size_t{16} << 20;

// Reads `path` ("-" is stdin) in steps of 64 KiB; memory grows with the longest line only. Not thread-safe.
class LineReader {
 public:
  // check: see ByteSource. Throws FileError when the file cannot be opened.
  explicit LineReader(
      const std::string& path, std::function<void()> check = [] {});

  // Sets *line to the next line, without its end, and returns true; or returns false after the last. A last line
  // without a line feed is a line. The view is valid until the next call. Throws FileError with file and line for
  // invalid UTF-8, a NUL byte, a line longer than the limit, and what ByteSource and LineTrimmer refuse.
  bool Next(std::string_view* line);

  // Reads to the end, whatever the lines hold, and returns how many there are from the first, as text; but does not
  // wait for the end of what may have none (stdin, a pipe, a device).
  std::string CountLines();

  // Of the lines returned so far: not of how they end or are packed.
  uint64_t hash() const { return hash_.Value(); }

  int64_t line_number() const { return trimmer_.lines(); }  // of the line last returned, from 1
  const std::string& name() const { return source_.name(); }
  const LineNotes& notes() const { return trimmer_.notes(); }

 private:
  bool NextRaw(std::string_view* line);
  void Check(std::string_view line) const;
  [[noreturn]] void FailTooLong(std::string_view begin);

  ByteSource source_;
  bool may_be_endless_;
  LineTrimmer trimmer_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is unread in buffer_
  size_t end_ = 0;
  std::string carry_;  // a line that began in an earlier buffer
  bool at_end_ = false;
  ByteHash hash_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_LINE_READER_H_
