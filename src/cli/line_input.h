// SPDX-License-Identifier: Apache-2.0
// Lines from stdin in chunks: large ones from a file, at once what is there from a service that waits for an answer.
#ifndef DRAGOMAN_CLI_LINE_INPUT_H_
#define DRAGOMAN_CLI_LINE_INPUT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "data/line_reader.h"

namespace dragoman {

// Unlike LineReader (data/) it refuses no line: what comes in line n must go out in line n. Not thread-safe.
class LineInput {
 public:
  // Reads the file descriptor `fd`, which stays the caller's; `name` is for messages. A line longer than
  // max_line_bytes keeps its left part.
  LineInput(int fd, std::string name, size_t max_line_bytes = kMaxLineBytes);

  // Waits for a line, then takes up to `most` lines, but stops when the writer pauses: so a chunk is full while input
  // comes quickly, and a single line is not kept waiting. Line ends (LF, CR LF) and a byte order mark at the very
  // start are left out; a last line without a line end is a line. Empty at the end. Throws FileError.
  std::vector<std::string> Next(size_t most);

 private:
  bool TakeLine(std::string* line);  // from what was read
  bool CanRead(int wait_ms) const;   // without blocking, within so much time
  void Fill();                       // reads once, blocking
  std::string FinishLine();

  int fd_;
  std::string name_;
  size_t max_line_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is unread in buffer_
  size_t end_ = 0;
  std::string line_;  // begun, its end not yet read
  bool at_start_ = true;
  bool at_end_ = false;
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_LINE_INPUT_H_
