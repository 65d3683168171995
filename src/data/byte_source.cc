// SPDX-License-Identifier: Apache-2.0
#include "data/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/byte_hash.h"

namespace dragoman {
namespace {

constexpr size_t kChunk = size_t{1} << 16;

[[noreturn]] void FailWithErrno(const std::string& name, const std::string& what, const std::string& advice) {
  throw FileError(name, what + ": " + std::strerror(errno) + "; " + advice);
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int OpenForReading(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) FailWithErrno(path, "cannot open", "expected a readable text or gzip file; check the path");
  return fd;
}

size_t ReadSome(int fd, const std::string& name, char* buffer, size_t size) {
  while (true) {
    const ssize_t got = read(fd, buffer, size);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) FailWithErrno(name, "cannot read", "expected a readable text or gzip file; check the path");
  }
}

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

size_t ByteSource::Read(char* buffer, size_t size) {
  if (!started_) {
    started_ = true;
    char mark[2];
    while (head_.size() < 2) {
      const size_t got = ReadSome(fd_, name_, mark, 2 - head_.size());
      if (got == 0) break;
      head_.append(mark, got);
    }
    if (head_ == "\x1f\x8b") unpacker_ = std::make_unique<Unpacker>();
  }
  return unpacker_ ? ReadUnpacked(buffer, size) : ReadRaw(buffer, size);
}

size_t ByteSource::ReadUnpacked(char* buffer, size_t size) {
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
        throw FileError(name_, "gzip data ends too early; expected a whole file; copy or download it again");
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
      throw FileError(name_, std::string("gzip data is damaged (") + (stream.msg ? stream.msg : "unknown cause") +
                                 "); expected a whole file; copy or download it again");
    }
  }
  return wanted - stream.avail_out;
}

void SpoolStdin(FileSystem* files, const std::string& path) {
  const std::unique_ptr<WritableFile> copy = files->Create(path);
  std::vector<char> buffer(kChunk * 4);
  while (const size_t got = ReadSome(STDIN_FILENO, "stdin", buffer.data(), buffer.size())) {
    copy->Append({buffer.data(), got});
  }
  copy->Close();
}

FileDigest DigestFile(const std::string& path) {
  const FileDescriptor in(OpenForReading(path));
  FileDigest digest;
  ByteHash hash;
  std::vector<char> buffer(kChunk * 4);
  while (const size_t got = ReadSome(in.get(), path, buffer.data(), buffer.size())) {
    digest.size += got;
    hash.Add({buffer.data(), got});
  }
  digest.hash = hash.Value();
  return digest;
}

}  // namespace dragoman
