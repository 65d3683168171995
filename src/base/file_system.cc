// SPDX-License-Identifier: Apache-2.0
// What is built from the calls of a FileSystem; the calls themselves are in real_file_system.cc.
#include "base/file_system.h"

#include "base/error.h"

namespace dragoman {

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

std::string ReadFile(FileSystem& files, const std::string& path) {
  const std::unique_ptr<ReadableFile> file = files.Open(path);
  std::string bytes(static_cast<size_t>(file->size()), '\0');
  file->Read(0, bytes);
  return bytes;
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

void WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  try {
    WriteFile(files, temporary, bytes);
    files.Rename(temporary, path);
  } catch (...) {
    try {
      RemoveAll(files, temporary);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
  files.SyncDirectory(ParentDirectory(path));
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
