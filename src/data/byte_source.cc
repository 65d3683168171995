// SPDX-License-Identifier: Apache-2.0
#include "data/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "data/foreign_text.h"

namespace dragoman {
namespace {

constexpr size_t kChunk = size_t{1} << 16;
constexpr size_t kHeadBytes =
    size_t{1} << 12;  // enough to see what a file is, if its first line is not complete before
constexpr std::string_view kGzipMark = "\x1F\x8B";
constexpr int kWaitMs = 100;

[[noreturn]] void FailWithErrno(const std::string& name, const std::string& what) {
  throw FileError(name, what + ": " + std::strerror(errno) + "; expected a readable text or gzip file; check the path");
}

int OpenForReading(const std::string& path) {
  // A named pipe without a writer would not even open: ReadRaw and AwaitBytes do the waiting.
  struct stat info;
  const bool is_pipe = stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | (is_pipe ? O_NONBLOCK : 0));
  if (fd < 0) FailWithErrno(path, "cannot open");
  return fd;
}

}  // namespace

// One inflate stream, restarted at every gzip member.
struct ByteSource::Unpacker {
  z_stream stream = {};
  std::string packed;
  bool in_member = true;  // between the first byte of a member and its checksum
  bool at_end = false;

  explicit Unpacker(std::string begin) : packed(std::move(begin)) {
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
      throw ResourceError("zlib: cannot start; free some memory");  // 16: gzip
  }
  ~Unpacker() { inflateEnd(&stream); }
};

ByteSource::ByteSource(const std::string& path, std::function<void()> check)
    : name_(InputName(path)), check_(std::move(check)) {
  fd_ = path == kStdinPath ? STDIN_FILENO : OpenForReading(path);
}

ByteSource::~ByteSource() {
  if (fd_ > STDIN_FILENO) close(fd_);
}

// The end is the end: a terminal would go on after its Ctrl-D.
size_t ByteSource::ReadRaw(char* buffer, size_t size) {
  while (!raw_at_end_) {
    pollfd in{fd_, POLLIN, 0};
    const int ready = poll(&in, 1, kWaitMs);
    const bool is_ready = ready > 0 || (ready < 0 && errno != EINTR);  // an error shows again, when we read
    check_();
    if (!is_ready) continue;
    const ssize_t got = read(fd_, buffer, size);
    raw_at_end_ = got == 0;
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR && errno != EAGAIN) FailWithErrno(name_, "cannot read");
  }
  return 0;
}

// Reads no more than it takes, and no more than up to the first line's end, which every reader waits for anyway: a
// person may be typing.
void ByteSource::Begin(int64_t line) {
  std::vector<char> part(kChunk);
  const auto read_head = [&] {
    while (head_.size() < kHeadBytes && head_.find('\n') == std::string::npos) {
      const size_t got = unpacker_ ? ReadUnpacked(part.data(), part.size(), line) : ReadRaw(part.data(), part.size());
      if (got == 0) return;
      head_.append(part.data(), got);
      if (!unpacker_ && head_.starts_with(kGzipMark)) return;
    }
  };
  read_head();
  if (head_.starts_with(kGzipMark)) {
    unpacker_ = std::make_unique<Unpacker>(std::exchange(head_, {}));
    read_head();
  }
  RefuseForeignText();
}

void ByteSource::RefuseForeignText() const {
  const std::optional<ForeignText> found = FindForeignText(head_);
  if (!found) return;
  const char* first = unpacker_ ? "unpack it: gzip -dc < packed > old, then " : "";
  throw FileError(name_, fmt::format("this is {}{}; expected UTF-8 text, plain or gzip; {}{}", found->what,
                                     unpacker_ ? " in gzip" : "", first, found->remedy));
}

size_t ByteSource::Read(char* buffer, size_t size, int64_t line) {
  if (!std::exchange(started_, true)) Begin(line);
  if (!head_.empty()) {
    const size_t count = std::min(size, head_.size());
    std::memcpy(buffer, head_.data(), count);
    head_.erase(0, count);
    return count;
  }
  return unpacker_ ? ReadUnpacked(buffer, size, line) : ReadRaw(buffer, size);
}

size_t ByteSource::ReadUnpacked(char* buffer, size_t size, int64_t line) {
  Unpacker& u = *unpacker_;
  z_stream& stream = u.stream;
  stream.next_out = reinterpret_cast<Bytef*>(buffer);
  stream.avail_out = static_cast<uInt>(std::min(size, kChunk * 16));
  const size_t wanted = stream.avail_out;
  while (stream.avail_out == wanted && !u.at_end) {
    if (stream.avail_in == 0) {
      u.packed.resize(kChunk);
      stream.next_in = reinterpret_cast<Bytef*>(u.packed.data());
      stream.avail_in = static_cast<uInt>(ReadRaw(u.packed.data(), u.packed.size()));
      if (stream.avail_in == 0 && u.in_member) {
        throw FileError(name_, line, "gzip data ends too early; expected a whole file; copy or download it again");
      }
      if (stream.avail_in == 0) u.at_end = true;
    }
    if (u.at_end) break;
    if (!u.in_member) {
      // After a member: another one, or padding of zeros to the end of a block.
      if (*stream.next_in == 0) {
        ++stream.next_in;
        --stream.avail_in;
        continue;
      }
      inflateReset(&stream);
      u.in_member = true;
    }
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      u.in_member = false;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      throw FileError(name_, line,
                      std::string("gzip data is damaged (") + (stream.msg ? stream.msg : "unknown cause") +
                          "); expected a whole file; copy or download it again");
    }
  }
  return wanted - stream.avail_out;
}

bool CanBeReadOnlyOnce(const std::string& path) {
  struct stat info;
  if (path == kStdinPath) return true;
  return stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

bool ByteSource::AwaitBytes(int milliseconds) const {
  pollfd in{fd_, POLLIN, 0};
  return !head_.empty() || (unpacker_ && unpacker_->stream.avail_in > 0) || poll(&in, 1, milliseconds) > 0;
}

}  // namespace dragoman
