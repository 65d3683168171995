// SPDX-License-Identifier: Apache-2.0
// Files, directories and links as the rest of the toolkit sees them: an interface, so that tests can make any single
// operation fail (base/faulty_file_system_testing.h), the real one, and small durable compositions of its calls.
//
// Every function throws FileError with the path, the system's reason and what to do about it. Nothing is written to
// disk for certain before Sync (a file's bytes) and SyncDirectory (which names a directory holds) have returned.
#ifndef DRAGOMAN_BASE_FILE_SYSTEM_H_
#define DRAGOMAN_BASE_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

// The bytes of an array, as Append takes them.
template <typename T>
std::string_view BytesOf(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// A file open for writing at its end. Used by one thread at a time. Unbuffered: an Append is a write.
class WritableFile {
 public:
  virtual ~WritableFile() = default;                // closes, silently, what Close has not
  virtual void Append(std::string_view bytes) = 0;  // all of them, or an exception
  virtual void Sync() = 0;                          // returns when the bytes are on the disk
  virtual void Close() = 0;                         // does not sync; once
};

// A regular file open for reading. Any number of threads may read at once.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual int64_t size() const = 0;  // bytes, when it was opened
  // Fills out with the bytes from offset on. Throws FileError if the file ends before.
  virtual void Read(int64_t offset, std::span<char> out) const = 0;
  // All bytes as memory, as long as this object lives; they come from the disk when they are first looked at. By one
  // thread. A file that is cut short meanwhile ends the process: nothing of ours ever does that to one.
  virtual std::span<const char> Map() = 0;
};

// A held lock; letting go of the object (or the death of the process) releases it.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class FileType { kNone, kFile, kDirectory, kSymlink, kOther };

struct DiskSpace {
  int64_t total = 0;      // bytes
  int64_t available = 0;  // to this user
};

// The calls the toolkit makes. Thread-safe as the system's own calls are.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Operations that change something: these are what a test can make fail.
  // A new file, in the place of a file or link of that name: nothing is ever written through a link, nor into a file
  // that has another name besides.
  virtual std::unique_ptr<WritableFile> Create(const std::string& path) = 0;
  virtual std::unique_ptr<WritableFile> OpenAppend(const std::string& path) = 0;  // made if it is not there
  virtual void Truncate(const std::string& path, int64_t size) = 0;
  virtual void CreateDirectory(const std::string& path) = 0;                // its parent exists, it does not
  virtual void SyncDirectory(const std::string& path) = 0;                  // returns when its names are on the disk
  virtual void Rename(const std::string& from, const std::string& to) = 0;  // atomic; replaces a file or link
  virtual void RemoveFile(const std::string& path) = 0;                     // a file, or a link itself
  virtual void RemoveDirectory(const std::string& path) = 0;                // empty
  virtual void CreateSymlink(const std::string& target, const std::string& link) = 0;

  // Operations that only look.
  virtual std::unique_ptr<ReadableFile> Open(const std::string& path) = 0;
  virtual FileType Type(const std::string& path) = 0;  // of the name itself: a link is a link
  virtual bool Exists(const std::string& path) = 0;    // follows links: a dangling one does not exist
  virtual std::string ReadSymlink(const std::string& link) = 0;
  virtual std::vector<std::string> List(const std::string& directory) = 0;  // names, sorted, without . and ..

  virtual DiskSpace Space(const std::string& path) = 0;  // of the disk that holds path, which exists

  // An exclusive lock on the file at path (made if it is not there), or null while another process, or another call
  // of this one, holds it. The file then holds the number of the owning process, as text. Throws FileError if a link is
  // there.
  virtual std::unique_ptr<FileLock> TryLock(const std::string& path) = 0;
};

// The system's own files. Handles interrupted and partial writes and reads.
FileSystem& RealFileSystem();

// "dir/name"; just name for an empty directory.
std::string JoinPath(const std::string& directory, const std::string& name);
// The directory that holds path: "a/b" → "a", "a" → ".", "/a" → "/".
std::string ParentDirectory(const std::string& path);
// The name path has in there: "a/b" → "b", "a/" → "a", "/" → "".
std::string FileName(const std::string& path);

// All of a file's bytes. Throws FormatError before reading any if it is larger than `most`: what may come from anybody
// is read with a limit.
std::string ReadFile(FileSystem& files, const std::string& path, int64_t most = std::numeric_limits<int64_t>::max());

constexpr const char* kStdinPath = "-";

// "stdin" for "-", otherwise the path itself: how messages name an input.
std::string InputName(const std::string& path);

// All of stdin. Throws FileError, also when it is longer than `most`
// bytes.
std::string ReadStdin(size_t most);

// Makes path and the parents it lacks, and syncs each directory that got a new name.
void CreateDirectories(FileSystem& files, const std::string& path);

// Writes and syncs a file; a crash in between leaves part of it.
void WriteFile(FileSystem& files, const std::string& path, std::string_view bytes);

// Throws FileError where the disk that holds the growing file at path is nearly full: a twentieth of it, or a gigabyte,
// is left to others.
void RequireRoom(FileSystem& files, const std::string& path);

// Writes a file beside path (".tmp-…"), and Commit syncs it and renames it to path: whatever happens, path holds the
// old bytes or the new ones. A link stays, what it points to is replaced. A device or a pipe is written to as it is.
// Without Commit nothing of the file stays.
class AtomicFile {
 public:
  AtomicFile(FileSystem& files, const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Append(std::string_view bytes) { file_->Append(bytes); }
  void Commit();  // once

 private:
  FileSystem& files_;
  std::string path_, temporary_;  // temporary_: "" for a device, and once it has its name
  std::unique_ptr<WritableFile> file_;
};

// The same, of bytes that are all there.
void WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes);

// Throws FileError where WriteFileAtomically could not begin. Leaves nothing behind.
void ProbeWriteAtomically(FileSystem& files, const std::string& path);

// Makes link point to target (relative to the link's directory) in one step, by way of a link named temporary in the
// same directory. Old or new at every moment; on disk when it returns.
void ReplaceSymlink(FileSystem& files, const std::string& target, const std::string& link,
                    const std::string& temporary);

// Puts the directory `from` in the place of `to`, where nothing or a directory is; all of it is on disk when it
// returns, if the content of `from` was. What was at `to` is called `aside`, a name in the same directory, until it is
// removed: a crash leaves it there at worst, and `to` old, new, or, between two calls, absent.
void ReplaceDirectory(FileSystem& files, const std::string& from, const std::string& to, const std::string& aside);

// Removes path and all below it, never following a link. Nothing at path is fine.
void RemoveAll(FileSystem& files, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_FILE_SYSTEM_H_
