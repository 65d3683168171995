// SPDX-License-Identifier: Apache-2.0
#include "data/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr size_t kChunk = size_t{1} << 16;

[[noreturn]] void FailWithErrno(const std::string& name, const std::string& what, const std::string& advice) {
  throw FileError(name, what + ": " + std::strerror(errno) + "; " + advice);
}

int OpenForReading(const std::string& path) {
  // A named pipe without a writer would not even open: ReadSome and AwaitBytes do the waiting.
  struct stat info;
  const bool is_pipe = stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | (is_pipe ? O_NONBLOCK : 0));
  if (fd < 0) FailWithErrno(path, "cannot open", "expected a readable text or gzip file; check the path");
  return fd;
}

size_t ReadSome(int fd, const std::string& name, char* buffer, size_t size) {
  while (true) {
    pollfd in{fd, POLLIN, 0};
    poll(&in, 1, -1);
    const ssize_t got = read(fd, buffer, size);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR && errno != EAGAIN)
      FailWithErrno(name, "cannot read", "expected a readable text or gzip file; check the path");
  }
}

// First bytes of a file, and what unpacks it; null is ourselves.
struct Packer {
  std::string_view mark;
  const char* unpack;
};
constexpr Packer kPackers[] = {{"\x1f\x8b", nullptr},
                               {{"\xFD\x37zXZ\0", 6}, "xz -dc"},
                               {"\x28\xB5\x2F\xFD", "zstd -dc"},
                               {"BZh91AY&SY", "bzip2 -dc"},
                               {"PK\x03\x04", "funzip"}};

}  // namespace

std::string InputName(const std::string& path) { return path == kStdinPath ? "stdin" : path; }

// One inflate stream, restarted at every gzip member.
struct ByteSource::Unpacker {
  z_stream stream = {};
  std::vector<char> packed = std::vector<char>(kChunk);
  bool in_member = true;  // between the first byte of a member and its checksum
  bool at_end = false;

  Unpacker() {
    if (inflateInit2(&stream, 15 + 16) != Z_OK) throw Error("zlib: cannot start; free some memory");  // 16: gzip
  }
  ~Unpacker() { inflateEnd(&stream); }
};

ByteSource::ByteSource(const std::string& path, const std::string& name) : name_(name) {
  fd_ = path == kStdinPath ? STDIN_FILENO : OpenForReading(path);
}

ByteSource::~ByteSource() {
  if (fd_ > STDIN_FILENO) close(fd_);
}

size_t ByteSource::ReadRaw(char* buffer, size_t size) {
  if (!head_.empty()) {
    const size_t count = std::min(size, head_.size());
    std::memcpy(buffer, head_.data(), count);
    head_.erase(0, count);
    return count;
  }
  return ReadSome(fd_, name_, buffer, size);
}

// Waits for no more bytes than it takes to rule the packers out: a person may be typing them.
void ByteSource::LookForPacker() {
  const auto could_be = [&](std::string_view mark) { return mark.substr(0, head_.size()) == head_; };
  const auto is_open = [&](const Packer& packer) { return head_.size() < packer.mark.size() && could_be(packer.mark); };
  char next;
  while (std::ranges::any_of(kPackers, is_open) && ReadSome(fd_, name_, &next, 1) == 1) head_ += next;
  for (const Packer& packer : kPackers) {
    if (head_ != packer.mark) continue;
    if (packer.unpack == nullptr) {
      unpacker_ = std::make_unique<Unpacker>();
      return;
    }
    throw FileError(name_, std::string("this is packed; expected text, plain or gzip; unpack it first: ") +
                               packer.unpack + " < old > new");
  }
}

size_t ByteSource::Read(char* buffer, size_t size, int64_t line) {
  if (!started_) {
    started_ = true;
    LookForPacker();
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
  return !head_.empty() || poll(&in, 1, milliseconds) > 0;
}

void CopyInput(FileSystem* files, const std::string& path, const std::string& to, const std::function<void()>& check) {
  constexpr int kWaitMs = 100;
  ByteSource source(path);
  std::vector<char> buffer(kChunk * 4);
  try {
    const std::unique_ptr<WritableFile> copy = files->Create(to);
    while (true) {
      check();
      if (!source.AwaitBytes(kWaitMs)) continue;  // nothing yet, or a signal, which check may know of
      const size_t got = source.ReadRaw(buffer.data(), buffer.size());
      if (got == 0) break;
      copy->Append({buffer.data(), got});
    }
    copy->Close();
  } catch (...) {
    try {
      RemoveAll(*files, to);      // it may be what filled the disk
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
}

}  // namespace dragoman
