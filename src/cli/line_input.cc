// SPDX-License-Identifier: Apache-2.0
#include "cli/line_input.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/timer.h"

namespace dragoman {
namespace {

constexpr size_t kReadBytes = size_t{64} * 1024;
constexpr size_t kChunkBytes = size_t{64} << 20;  // a chunk ends here, however few its lines
// A writer in full flow (a decompressor, a script) seldom pauses longer than kPauseMs; a chunk that only trickles in
// ends after kGatherMs.
constexpr int kPauseMs = 10;
constexpr int kGatherMs = 100;

}  // namespace

LineInput::LineInput(int fd, std::string name, size_t max_line_bytes)
    : fd_(fd), name_(std::move(name)), max_line_bytes_(max_line_bytes), buffer_(kReadBytes) {}

std::vector<std::string> LineInput::Next(size_t most) {
  std::vector<std::string> lines;
  size_t bytes = 0;
  Timer since_first;
  while (lines.size() < most && bytes < kChunkBytes) {
    std::string line;
    if (TakeLine(&line)) {
      if (lines.empty()) since_first.Restart();
      bytes += line.size();
      lines.push_back(std::move(line));
    } else if (at_end_) {
      break;
    } else {
      const int left_ms = kGatherMs - static_cast<int>(since_first.Seconds() * 1000);
      if (!lines.empty() && !CanRead(std::clamp(left_ms, 0, kPauseMs))) break;
      Fill();
    }
  }
  return lines;
}

bool LineInput::TakeLine(std::string* line) {
  const std::string_view unread(buffer_.data() + begin_, end_ - begin_);
  const size_t length = std::min(unread.find('\n'), unread.size());
  line_ += unread.substr(0, std::min(length, max_line_bytes_ - line_.size()));
  const bool is_whole = length < unread.size();
  begin_ += length + (is_whole ? 1 : 0);
  if (!is_whole && !(at_end_ && !line_.empty())) return false;
  *line = FinishLine();
  return true;
}

std::string LineInput::FinishLine() {
  std::string line = std::exchange(line_, {});
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (std::exchange(at_start_, false) && line.rfind("\xEF\xBB\xBF", 0) == 0) line.erase(0, 3);
  return line;
}

bool LineInput::CanRead(int wait_ms) const {
  pollfd input{fd_, POLLIN, 0};
  const int ready = poll(&input, 1, wait_ms);
  return ready > 0 || (ready < 0 && errno != EINTR);  // an error shows again, with its name, when we read
}

void LineInput::Fill() {
  ssize_t count = 0;
  do {
    count = read(fd_, buffer_.data(), buffer_.size());
    if (count < 0 && errno == EAGAIN) CanRead(-1);  // someone made stdin non-blocking
  } while (count < 0 && (errno == EINTR || errno == EAGAIN));
  if (count < 0) {
    throw FileError(name_, std::string("cannot be read (") + std::strerror(errno) + "); expected lines of text");
  }
  begin_ = 0;
  end_ = static_cast<size_t>(count);
  at_end_ = count == 0;
}

}  // namespace dragoman
