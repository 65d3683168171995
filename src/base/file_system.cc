// SPDX-License-Identifier: Apache-2.0
// What is built from the calls of a FileSystem; the calls themselves are in real_file_system.cc.
#include "base/file_system.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr int kMaxLinks = 40;  // the system's own limit

struct Destination {
  std::string path;       // past all links
  std::string temporary;  // in the same directory
  bool is_file = true;    // or not there yet; false: a device, a pipe
};

Destination DestinationOf(FileSystem& files, const std::string& path) {
  Destination to{.path = path, .temporary = {}};
  for (int links = 0; links < kMaxLinks && files.Type(to.path) == FileType::kSymlink; ++links) {
    const std::string next = files.ReadSymlink(to.path);
    if (next.rfind("/proc/", 0) == 0) {  // /dev/stdout and the like: what is open, not a name to be replaced
      to.is_file = false;
      return to;
    }
    to.path = next.front() == '/' ? next : JoinPath(ParentDirectory(to.path), next);
  }
  const FileType type = files.Type(to.path);
  if (type == FileType::kSymlink) throw FileError(path, "a link that leads round in a circle; choose another path");
  // A link such as /dev/fd/1 may lead to what has no name.
  to.is_file = type != FileType::kOther && (type != FileType::kNone || !files.Exists(path));
  const std::string name = to.path.substr(to.path.rfind('/') + 1);
  to.temporary = JoinPath(ParentDirectory(to.path), ".tmp-" + name + "-" + std::to_string(getpid()));
  return to;
}

}  // namespace

std::string JoinPath(const std::string& directory, const std::string& name) {
  if (directory.empty()) return name;
  return directory.back() == '/' ? directory + name : directory + "/" + name;
}

std::string ParentDirectory(const std::string& path) {
  std::string_view name = path;
  while (name.size() > 1 && name.back() == '/') name.remove_suffix(1);
  const size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(name.substr(0, slash));
}

std::string FileName(const std::string& path) {
  std::string_view name = path;
  while (!name.empty() && name.back() == '/') name.remove_suffix(1);
  return std::string(name.substr(name.rfind('/') + 1));  // npos + 1 is 0
}

std::string ReadFile(FileSystem& files, const std::string& path, int64_t most) {
  const std::unique_ptr<ReadableFile> file = files.Open(path);
  if (file->size() > most) {
    throw FormatError(path, "has " + std::to_string(file->size()) + " bytes, expected at most " + std::to_string(most) +
                                "; is it what its name says?");
  }
  std::string bytes(static_cast<size_t>(file->size()), '\0');
  file->Read(0, bytes);
  return bytes;
}

std::string InputName(const std::string& path) { return path == kStdinPath ? "stdin" : path; }

std::string ReadStdin(size_t most) {
  std::string bytes;
  for (char buffer[1 << 16];;) {
    const ssize_t count = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError("stdin", std::string("cannot be read: ") + std::strerror(errno) + "; is it closed?");
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(count));
    if (bytes.size() > most) {
      throw FileError("stdin",
                      "holds more than " + std::to_string(most) + " bytes, expected less; check what is piped");
    }
  }
}

void CreateDirectories(FileSystem& files, const std::string& path) {
  if (path.empty() || files.Exists(path)) return;
  const std::string parent = ParentDirectory(path);
  if (parent != path) CreateDirectories(files, parent);
  files.CreateDirectory(path);
  files.SyncDirectory(parent);
}

void WriteFile(FileSystem& files, const std::string& path, std::string_view bytes) {
  const std::unique_ptr<WritableFile> file = files.Create(path);
  file->Append(bytes);
  file->Sync();
  file->Close();
}

void RequireRoom(FileSystem& files, const std::string& path) {
  const DiskSpace space = files.Space(path);
  if (space.available >= std::min(space.total / 20, int64_t{1} << 30)) return;
  throw FileError(path, "its disk is nearly full, " + std::to_string(space.available >> 20) + " MB of " +
                            std::to_string(space.total >> 20) +
                            " are free; expected room for it, and input that ends; remove something or choose a place "
                            "with more room");
}

AtomicFile::AtomicFile(FileSystem& files, const std::string& path) : files_(files), path_(path) {
  const Destination to = DestinationOf(files, path);
  if (to.is_file) {
    path_ = to.path;
    temporary_ = to.temporary;
    file_ = files.Create(temporary_);
  } else {
    file_ = files.OpenAppend(path);  // behind what is there, if it has a behind
  }
}

AtomicFile::~AtomicFile() {
  file_.reset();
  if (temporary_.empty()) return;
  try {
    RemoveAll(files_, temporary_);
  } catch (const FileError&) {  // the first error says more
  }
}

void AtomicFile::Commit() {
  if (temporary_.empty()) return file_->Close();  // a pipe cannot be synced
  file_->Sync();
  file_->Close();
  files_.Rename(temporary_, path_);
  temporary_.clear();
  files_.SyncDirectory(ParentDirectory(path_));
}

void WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes) {
  AtomicFile file(files, path);
  file.Append(bytes);
  file.Commit();
}

void ProbeWriteAtomically(FileSystem& files, const std::string& path) {
  const Destination to = DestinationOf(files, path);
  if (!to.is_file) return;  // opening a pipe would wait for its reader
  files.Create(to.temporary);
  files.RemoveFile(to.temporary);
}

void ReplaceSymlink(FileSystem& files, const std::string& target, const std::string& link,
                    const std::string& temporary) {
  RemoveAll(files, temporary);  // a crash may have left one
  try {
    files.CreateSymlink(target, temporary);
    files.Rename(temporary, link);
  } catch (...) {
    try {
      RemoveAll(files, temporary);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
  files.SyncDirectory(ParentDirectory(link));
}

void ReplaceDirectory(FileSystem& files, const std::string& from, const std::string& to, const std::string& aside) {
  // A crash between the two renames below left nothing at `to`.
  if (files.Type(to) == FileType::kNone && files.Type(aside) == FileType::kDirectory) files.Rename(aside, to);
  const bool replaces = files.Type(to) != FileType::kNone;
  if (replaces) {
    RemoveAll(files, aside);
    files.Rename(to, aside);
  }
  try {
    files.Rename(from, to);
  } catch (...) {
    try {
      if (replaces) files.Rename(aside, to);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
  files.SyncDirectory(ParentDirectory(to));
  RemoveAll(files, aside);
}

void RemoveAll(FileSystem& files, const std::string& path) {
  switch (files.Type(path)) {
    case FileType::kNone:
      return;
    case FileType::kDirectory:
      for (const std::string& name : files.List(path)) RemoveAll(files, JoinPath(path, name));
      files.RemoveDirectory(path);
      return;
    default:
      files.RemoveFile(path);
  }
}

}  // namespace dragoman
