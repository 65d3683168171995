// SPDX-License-Identifier: Apache-2.0
// Lines to be translated in chunks: large ones from a file, at once what is there from a service that waits for an
// answer.
#ifndef DRAGOMAN_CLI_LINE_INPUT_H_
#define DRAGOMAN_CLI_LINE_INPUT_H_

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "data/line_reader.h"

namespace dragoman {

// Unlike LineReader (data/) it takes what is no valid UTF-8: what comes in line n must go out in line n. Not
// thread-safe.
class LineInput {
 public:
  // Reads the file at `path`, or stdin for "-", plain or gzip. A line longer than max_line_bytes keeps its left part.
  // Throws FileError when it cannot be opened.
  explicit LineInput(const std::string& path, size_t max_line_bytes = kMaxLineBytes);

  // Waits for a line, then takes up to `most` lines, but stops when the writer pauses: so a chunk is full while input
  // comes quickly, and a single line is not kept waiting. Line ends (LF, CR LF) and a byte order mark at the very
  // start are left out; a last line without a line end is a line. Empty at the end. Throws FileError, once the lines
  // before are taken, also for a line that seems to have no end, and for what ByteSource and LineTrimmer refuse.
  std::vector<std::string> Next(size_t most);

 private:
  void Gather(size_t most, std::vector<std::string>* lines);
  bool TakeLine(std::string* line);  // from what was read
  void Fill();                       // reads once, blocking
  void Keep(std::string_view part);  // of the line begun

  ByteSource source_;
  LineTrimmer trimmer_;
  size_t max_line_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is unread in buffer_
  size_t end_ = 0;
  std::string line_;       // begun, its end not yet read
  size_t line_bytes_ = 0;  // of it, whether kept or not
  bool at_end_ = false;
  std::exception_ptr failure_;  // to be thrown next
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_LINE_INPUT_H_
