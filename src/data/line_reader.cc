// SPDX-License-Identifier: Apache-2.0
#include "data/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/counted.h"
#include "base/error.h"
#include "base/utf8.h"

namespace dragoman {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;

}  // namespace

LineReader::LineReader(const std::string& path, std::function<void()> check)
    : source_(path, std::move(check)),
      may_be_endless_(CanBeReadOnlyOnce(path)),
      trimmer_(source_.name()),
      buffer_(kBufferBytes) {}

bool LineReader::NextRaw(std::string_view* line) {
  carry_.clear();
  while (true) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = at_end_ ? 0 : source_.Read(buffer_.data(), buffer_.size(), line_number() + 1);
      if (end_ == 0) {
        at_end_ = true;
        *line = carry_;
        return !carry_.empty();
      }
    }
    const char* text = buffer_.data() + begin_;
    const auto* feed = static_cast<const char*>(std::memchr(text, '\n', end_ - begin_));
    const size_t length = feed != nullptr ? static_cast<size_t>(feed - text) : end_ - begin_;
    if (carry_.size() + length > kMaxLineBytes) FailTooLong(carry_.append(text, length));
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

void LineReader::FailTooLong(std::string_view begin) {
  trimmer_.Trim(begin);  // line ends that are no LF are a better reason
  throw FileError(name(), line_number(),
                  fmt::format("this line is longer than {} MB; expected one sentence a line; check that the file is "
                              "text with line breaks",
                              kMaxLineBytes >> 20));
}

bool LineReader::Next(std::string_view* line) {
  // An empty last line without its feed is no line, so "\n" alone at the end of the file adds none.
  if (!NextRaw(line)) return false;
  *line = trimmer_.Trim(*line);
  Check(*line);
  hash_.Add(*line);
  hash_.Add("\n");
  return true;
}

std::string LineReader::CountLines() {
  int64_t lines = line_number();
  if (may_be_endless_ && !at_end_) return "more than " + Counted(std::max<int64_t>(lines - 1, 0), "line");
  for (std::string_view line; NextRaw(&line);) ++lines;
  return Counted(lines, "line");
}

void LineReader::Check(std::string_view line) const {
  const size_t nul = line.find('\0');
  if (nul != std::string_view::npos) {
    throw FileError(
        name(), line_number(),
        fmt::format("byte {} of the line is NUL; expected text; remove it: tr -d '\\000' < old > new", nul + 1));
  }
  const size_t bad = FindInvalidUtf8(line);
  if (bad != std::string_view::npos) {
    throw FileError(name(), line_number(),
                    fmt::format("byte {} of the line, 0x{:02X}, is not valid UTF-8; expected UTF-8 text; convert it, "
                                "for example: iconv -f LATIN1 -t UTF-8 < old > new",
                                bad + 1, static_cast<unsigned char>(line[bad])));
  }
}

}  // namespace dragoman
