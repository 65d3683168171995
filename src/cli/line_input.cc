// SPDX-License-Identifier: Apache-2.0
#include "cli/line_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/timer.h"

namespace dragoman {
namespace {

constexpr size_t kReadBytes = size_t{64} * 1024;
constexpr size_t kChunkBytes = size_t{64} << 20;  // a chunk ends here, however few its lines
constexpr size_t kEndlessLine = 64;               // times the limit of a line's bytes: no line ends after that
// A writer in full flow (a decompressor, a script) seldom pauses longer than kPauseMs; a chunk that only trickles in
// ends after kGatherMs.
constexpr int kPauseMs = 10;
constexpr int kGatherMs = 100;

}  // namespace

LineInput::LineInput(const std::string& path, size_t max_line_bytes)
    : source_(path), trimmer_(source_.name()), max_line_bytes_(max_line_bytes), buffer_(kReadBytes) {}

std::vector<std::string> LineInput::Next(size_t most) {
  if (failure_) std::rethrow_exception(failure_);
  std::vector<std::string> lines;
  try {
    Gather(most, &lines);
  } catch (const FileError&) {
    if (lines.empty()) throw;
    failure_ = std::current_exception();
  }
  return lines;
}

void LineInput::Gather(size_t most, std::vector<std::string>* lines) {
  size_t bytes = 0;
  Timer since_first;
  while (lines->size() < most && bytes < kChunkBytes) {
    std::string line;
    if (TakeLine(&line)) {
      if (lines->empty()) since_first.Restart();
      bytes += line.size();
      lines->push_back(std::move(line));
    } else if (at_end_) {
      break;
    } else {
      const int left_ms = kGatherMs - static_cast<int>(since_first.Seconds() * 1000);
      if (!lines->empty() && !source_.AwaitBytes(std::clamp(left_ms, 0, kPauseMs))) break;
      Fill();
    }
  }
}

bool LineInput::TakeLine(std::string* line) {
  const std::string_view unread(buffer_.data() + begin_, end_ - begin_);
  const size_t length = std::min(unread.find('\n'), unread.size());
  Keep(unread.substr(0, length));
  const bool is_whole = length < unread.size();
  begin_ += length + (is_whole ? 1 : 0);
  if (!is_whole && !(at_end_ && line_bytes_ > 0)) return false;
  *line = trimmer_.Trim(line_);
  line_.clear();
  line_bytes_ = 0;
  return true;
}

void LineInput::Keep(std::string_view part) {
  line_ += part.substr(0, max_line_bytes_ - line_.size());
  line_bytes_ += part.size();
  if (line_bytes_ / kEndlessLine < max_line_bytes_) return;
  throw FileError(source_.name(), trimmer_.lines() + 1,
                  fmt::format("this line is longer than {} MB and has no end yet; expected one sentence a line; check "
                              "that the input is text with line breaks",
                              line_bytes_ >> 20));
}

void LineInput::Fill() {
  begin_ = 0;
  end_ = source_.Read(buffer_.data(), buffer_.size(), trimmer_.lines() + 1);
  at_end_ = end_ == 0;
}

}  // namespace dragoman
