// SPDX-License-Identifier: Apache-2.0
// Which bytes of a line are its end or the file's beginning rather than text: the one rule of all readers.
#ifndef DRAGOMAN_DATA_LINE_TRIMMER_H_
#define DRAGOMAN_DATA_LINE_TRIMMER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dragoman {

// What was mended on the way, to be reported rather than hidden.
struct LineNotes {
  int64_t crlf_lines = 0;  // lines that ended in CR LF; the CR is dropped
  int64_t bom_files = 0;   // files that began with a byte order mark; it is dropped
  LineNotes& operator+=(const LineNotes& other);
};

class LineTrimmer {
 public:
  explicit LineTrimmer(std::string name) : name_(std::move(name)) {}  // of the input, for messages

  // Takes the next line, without its LF, and returns it without any CR at its end and, if it is the first, without a
  // byte order mark. A CR within a line is text, now and then. Throws FileError naming the line where as many lines
  // have ended in CR as in LF, or many of the text of one line: such a file would be read as other lines than it holds.
  std::string_view Trim(std::string_view line);

  int64_t lines() const { return lines_; }  // taken
  const LineNotes& notes() const { return notes_; }

 private:
  std::string name_;
  int64_t lines_ = 0;
  int64_t inner_crs_ = 0;  // of all lines
  LineNotes notes_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_LINE_TRIMMER_H_
