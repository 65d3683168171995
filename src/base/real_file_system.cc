// SPDX-License-Identifier: Apache-2.0
// The FileSystem of the machine: one system call or two for each function, and errors a user can act on.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"

namespace dragoman {
namespace {

constexpr size_t kMaxTransfer = size_t{1} << 30;  // Linux moves at most 2^31 - 4096 bytes a call

const char* Advice(int code) {
  switch (code) {
    case ENOENT:
      return "check the path";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check who may read and write there, or choose another place";
    case ENOTDIR:
      return "a part of this path is a file where a directory was expected; choose another path";
    case ELOOP:
      return "this is a link where a file was expected, or links lead round in a circle; remove it or choose another "
             "path";
    case EISDIR:
      return "this is a directory where a file was expected; choose another path";
    case EEXIST:
    case ENOTEMPTY:
      return "something of this name is there already; remove it or choose another name";
    case EMFILE:
    case ENFILE:
      return "too many files are open; raise the limit (ulimit -n)";
    case EFBIG:
      return "the file would grow past the limit of this user or file system (ulimit -f)";
    case EIO:
      return "the disk or the network behind it fails; look at the system's log (dmesg) before trying again";
    default:
      return "look at this path by hand, then try again";
  }
}

std::string FreeSpace(const std::string& path) {
  struct statvfs stats;
  if (statvfs(path.c_str(), &stats) != 0 && statvfs(ParentDirectory(path).c_str(), &stats) != 0) return "unknown";
  return BytesText(static_cast<int64_t>(stats.f_bavail * stats.f_frsize));
}

// needed: bytes that were still to be written, when that is what failed.
[[noreturn]] void Fail(const std::string& path, const std::string& action, int code, uint64_t needed = 0) {
  std::string what = "cannot " + action + ": " + std::strerror(code);
  if (code == ENOSPC || code == EDQUOT) {
    what += " (" + (needed > 0 ? BytesText(static_cast<int64_t>(needed)) + " more needed here, " : std::string()) +
            FreeSpace(path) + " free); remove something or choose a place with more room";
  } else {
    what += std::string("; ") + Advice(code);
  }
  throw FileError(path, what);
}

// Calls fn until it is not interrupted by a signal.
template <typename Fn>
auto Retry(const Fn& fn) {
  auto result = fn();
  while (result == -1 && errno == EINTR) result = fn();
  return result;
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, const char* action)
      : fd_(Retry([&] { return open(path.c_str(), flags | O_CLOEXEC, 0666); })) {
    if (fd_ < 0) Fail(path, action, errno);
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

class RealWritableFile : public WritableFile {
 public:
  RealWritableFile(const std::string& path, int flags)
      : path_(path), fd_(path, O_WRONLY | O_CREAT | O_APPEND | flags, "open for writing") {}

  void Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          Retry([&] { return write(fd_.get(), bytes.data(), std::min(bytes.size(), kMaxTransfer)); });
      if (written < 0) Fail(path_, "write", errno, bytes.size());
      bytes.remove_prefix(static_cast<size_t>(written));  // a write may be partial: the rest goes round again
    }
  }

  // A failed fsync is never tried again: the kernel may have dropped the bytes, and the second call would lie.
  void Sync() override {
    if (Retry([&] { return fsync(fd_.get()); }) != 0) Fail(path_, "write to disk (fsync)", errno);
  }

  // Linux closes the descriptor even if it reports EINTR, so there is nothing to retry.
  void Close() override {
    const int fd = fd_.Release();
    if (fd >= 0 && close(fd) != 0 && errno != EINTR) Fail(path_, "close", errno);
  }

 private:
  const std::string path_;
  Descriptor fd_;
};

class RealReadableFile : public ReadableFile {
 public:
  explicit RealReadableFile(const std::string& path) : path_(path), fd_(path, O_RDONLY | O_NONBLOCK, "open") {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) Fail(path, "look at", errno);
    if (S_ISDIR(info.st_mode)) Fail(path, "read", EISDIR);
    if (!S_ISREG(info.st_mode)) throw FileError(path, "is a pipe or device; expected a regular file; give one");
    size_ = info.st_size;
  }

  int64_t size() const override { return size_; }

  void Read(int64_t offset, std::span<char> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const int64_t at = offset + static_cast<int64_t>(done);
      const ssize_t count =
          Retry([&] { return pread(fd_.get(), out.data() + done, std::min(out.size() - done, kMaxTransfer), at); });
      if (count < 0) Fail(path_, "read", errno);
      if (count == 0) {
        throw FileError(path_, "ends at byte " + std::to_string(at) + ", expected at least " +
                                   std::to_string(offset + static_cast<int64_t>(out.size())) +
                                   "; it is cut short: make or fetch it again");
      }
      done += static_cast<size_t>(count);
    }
  }

  ~RealReadableFile() override {
    if (mapped_ != nullptr) munmap(mapped_, static_cast<size_t>(size_));
  }

  std::span<const char> Map() override {
    if (size_ == 0) return {};
    if (mapped_ == nullptr) {
      void* const mapped = mmap(nullptr, static_cast<size_t>(size_), PROT_READ, MAP_PRIVATE, fd_.get(), 0);
      if (mapped == MAP_FAILED) Fail(path_, "map into memory", errno);
      mapped_ = mapped;
    }
    return {static_cast<const char*>(mapped_), static_cast<size_t>(size_)};
  }

 private:
  const std::string path_;
  Descriptor fd_;
  int64_t size_ = 0;
  void* mapped_ = nullptr;
};

class RealFileLock : public FileLock {
 public:
  explicit RealFileLock(const std::string& path)
      : fd_(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, "open the lock") {}

  bool TryLock(const std::string& path) {
    if (Retry([&] { return flock(fd_.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return false;
      Fail(path, "lock", errno);
    }
    // The owner's number is for the message of whoever comes second; a full disk must not keep us from locking. A file
    // that has another name besides is somebody's, not only a lock: it is locked, but not written.
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) Fail(path, "look at", errno);
    if (!S_ISREG(info.st_mode)) throw FileError(path, "is a pipe or device; expected a regular file; remove it");
    if (info.st_nlink > 1) return true;
    const std::string owner = std::to_string(getpid()) + "\n";
    const auto size = static_cast<ssize_t>(owner.size());
    if (pwrite(fd_.get(), owner.data(), owner.size(), 0) == size) static_cast<void>(!ftruncate(fd_.get(), size));
    return true;
  }

 private:
  Descriptor fd_;
};

class PosixFileSystem : public FileSystem {
 public:
  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) Fail(path, "open for writing", errno);
    return std::make_unique<RealWritableFile>(path, O_EXCL);
  }

  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override {
    return std::make_unique<RealWritableFile>(path, 0);
  }

  void Truncate(const std::string& path, int64_t size) override {
    if (Retry([&] { return truncate(path.c_str(), size); }) != 0) Fail(path, "cut to " + BytesText(size), errno);
  }

  void CreateDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), 0777) != 0) Fail(path, "make this directory", errno);
  }

  void SyncDirectory(const std::string& path) override {
    const Descriptor fd(path, O_RDONLY | O_DIRECTORY, "open the directory");
    if (Retry([&] { return fsync(fd.get()); }) == 0) return;
    if (errno == EINVAL || errno == ENOTSUP) return;  // a file system that cannot sync a directory has no need to
    Fail(path, "write the directory to disk (fsync)", errno);
  }

  void Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) Fail(from, "rename to " + to, errno);
  }

  void RemoveFile(const std::string& path) override {
    if (unlink(path.c_str()) != 0) Fail(path, "remove", errno);
  }

  void RemoveDirectory(const std::string& path) override {
    if (rmdir(path.c_str()) != 0) Fail(path, "remove", errno);
  }

  void CreateSymlink(const std::string& target, const std::string& link) override {
    if (symlink(target.c_str(), link.c_str()) != 0) Fail(link, "make a link to " + target, errno);
  }

  std::unique_ptr<ReadableFile> Open(const std::string& path) override {
    return std::make_unique<RealReadableFile>(path);
  }

  FileType Type(const std::string& path) override {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return FileType::kNone;
      Fail(path, "look at", errno);
    }
    if (S_ISREG(info.st_mode)) return FileType::kFile;
    if (S_ISDIR(info.st_mode)) return FileType::kDirectory;
    return S_ISLNK(info.st_mode) ? FileType::kSymlink : FileType::kOther;
  }

  bool Exists(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return false;
    Fail(path, "look at", errno);
  }

  std::string ReadSymlink(const std::string& link) override {
    char target[PATH_MAX];
    const ssize_t length = readlink(link.c_str(), target, sizeof target);
    if (length < 0) Fail(link, "read the link", errno);
    return {target, static_cast<size_t>(length)};
  }

  std::vector<std::string> List(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
    if (!stream) Fail(directory, "list", errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) Fail(directory, "list", errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  DiskSpace Space(const std::string& path) override {
    struct statvfs stats;
    if (statvfs(path.c_str(), &stats) != 0) Fail(path, "look at its disk", errno);
    const auto unit = static_cast<int64_t>(stats.f_frsize);
    return {static_cast<int64_t>(stats.f_blocks) * unit, static_cast<int64_t>(stats.f_bavail) * unit};
  }

  std::unique_ptr<FileLock> TryLock(const std::string& path) override {
    auto lock = std::make_unique<RealFileLock>(path);
    if (!lock->TryLock(path)) return nullptr;
    return lock;
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static PosixFileSystem& files = *new PosixFileSystem;  // never destroyed: others' destructors may need it at exit
  return files;
}

}  // namespace dragoman
