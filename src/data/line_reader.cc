// SPDX-License-Identifier: Apache-2.0
#include "data/line_reader.h"

#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace dragoman {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string Hex(char c) {
  char text[8];
  std::snprintf(text, sizeof(text), "0x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

// The name iconv has for the encoding of this first line, or null if it does not look like UTF-16. Without a byte
// order mark, every other byte of a Latin text is NUL.
const char* Utf16Name(std::string_view line) {
  const std::string_view start = line.substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF") return "UTF-16";
  if (line.size() < 4 || (line[0] == '\0') != (line[2] == '\0') || (line[1] == '\0') != (line[3] == '\0')) {
    return nullptr;
  }
  return line[0] == line[1] ? nullptr : line[1] == '\0' ? "UTF-16LE" : line[0] == '\0' ? "UTF-16BE" : nullptr;
}

}  // namespace

LineNotes& LineNotes::operator+=(const LineNotes& other) {
  crlf_lines += other.crlf_lines;
  bom_files += other.bom_files;
  return *this;
}

LineReader::LineReader(const std::string& path, const std::string& name, size_t max_line_bytes)
    : source_(path, name), name_(name), max_line_bytes_(max_line_bytes), buffer_(kBufferBytes) {}

bool LineReader::NextRaw(std::string_view* line) {
  carry_.clear();
  while (true) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = at_end_ ? 0 : source_.Read(buffer_.data(), buffer_.size(), line_number_ + 1);
      if (end_ == 0) {
        at_end_ = true;
        *line = carry_;
        return !carry_.empty();
      }
    }
    const char* text = buffer_.data() + begin_;
    const auto* feed = static_cast<const char*>(std::memchr(text, '\n', end_ - begin_));
    const size_t length = feed != nullptr ? static_cast<size_t>(feed - text) : end_ - begin_;
    if (carry_.size() + length > max_line_bytes_) {
      throw FileError(name_, line_number_ + 1,
                      "this line is longer than " + std::to_string(max_line_bytes_ >> 20) +
                          " MB; expected one sentence a line; check that the file is text with line breaks");
    }
    begin_ += length + (feed != nullptr ? 1 : 0);
    if (feed != nullptr && carry_.empty()) {
      *line = {text, length};
      return true;
    }
    carry_.append(text, length);
    if (feed != nullptr) {
      *line = carry_;
      return true;
    }
  }
}

bool LineReader::Next(std::string_view* line) {
  // An empty last line without its feed is no line, so "\n" alone at the end of the file adds none.
  if (!NextRaw(line)) return false;
  ++line_number_;
  if (line_number_ == 1 && line->substr(0, 3) == kByteOrderMark) {
    line->remove_prefix(3);
    ++notes_.bom_files;
  }
  if (!line->empty() && line->back() == '\r') {
    line->remove_suffix(1);
    ++notes_.crlf_lines;
  }
  Check(*line);
  if (line_number_ == 1 && at_end_ && line->find('\r') != std::string_view::npos) {
    throw FileError(name_, line_number_,
                    "the lines of this file end in CR alone; expected LF; convert it: tr '\\r' '\\n' < old > new");
  }
  return true;
}

int64_t LineReader::CountLines() {
  std::string_view line;
  while (NextRaw(&line)) ++line_number_;
  return line_number_;
}

void LineReader::Check(std::string_view line) const {
  const auto* nul = static_cast<const char*>(std::memchr(line.data(), '\0', line.size()));
  const size_t bad = FindInvalidUtf8(line);
  if (nul == nullptr && bad == std::string_view::npos) return;
  if (const char* utf16 = line_number_ == 1 ? Utf16Name(line) : nullptr; utf16 != nullptr) {
    throw FileError(
        name_, line_number_,
        std::string("this is UTF-16 text; expected UTF-8; convert it: iconv -f ") + utf16 + " -t UTF-8 < old > new");
  }
  if (nul != nullptr) {
    throw FileError(name_, line_number_,
                    "byte " + std::to_string(nul - line.data() + 1) +
                        " of the line is NUL; expected text; remove it: tr -d '\\000' < old > new");
  }
  throw FileError(name_, line_number_,
                  "byte " + std::to_string(bad + 1) + " of the line, " + Hex(line[bad]) +
                      ", is not valid UTF-8; expected UTF-8 text; convert it, for example: iconv -f LATIN1 -t UTF-8 "
                      "< old > new");
}

}  // namespace dragoman
