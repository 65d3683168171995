// SPDX-License-Identifier: Apache-2.0
// Lines of a text file, plain or gzip, or of stdin: checked, so that what comes out is UTF-8 without surprises.
#ifndef DRAGOMAN_DATA_LINE_READER_H_
#define DRAGOMAN_DATA_LINE_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_source.h"

namespace dragoman {

constexpr size_t kMaxLineBytes = size_t{16} << 20;

// What was mended on the way, to be reported rather than hidden.
struct LineNotes {
  int64_t crlf_lines = 0;  // lines that ended in CR LF; the CR is dropped
  int64_t bom_files = 0;   // files that began with a byte order mark; it is dropped
  LineNotes& operator+=(const LineNotes& other);
};

// Reads `path` ("-" is stdin) in steps of 64 KiB; memory grows with the longest line only. Not thread-safe.
class LineReader {
 public:
  // Throws FileError when the file cannot be opened.
  explicit LineReader(const std::string& path) : LineReader(path, InputName(path), kMaxLineBytes) {}
  LineReader(const std::string& path, const std::string& name, size_t max_line_bytes);  // `name` for messages

  // Sets *line to the next line, without its end, and returns true; or returns false after the last. A last line
  // without a line feed is a line. The view is valid until the next call. Throws FileError with file and line for
  // invalid UTF-8, a NUL byte, a line longer than the limit, line ends that are CR only, damaged or truncated gzip.
  bool Next(std::string_view* line);

  // Reads to the end, whatever the lines hold, and returns how many there are from the first.
  int64_t CountLines();

  int64_t line_number() const { return line_number_; }  // of the line last returned, from 1
  const std::string& name() const { return name_; }     // for messages
  const LineNotes& notes() const { return notes_; }

 private:
  bool NextRaw(std::string_view* line);
  void Check(std::string_view line) const;

  ByteSource source_;
  std::string name_;
  size_t max_line_bytes_;
  int64_t line_number_ = 0;
  LineNotes notes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is unread in buffer_
  size_t end_ = 0;
  std::string carry_;  // a line that began in an earlier buffer
  bool at_end_ = false;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_LINE_READER_H_
