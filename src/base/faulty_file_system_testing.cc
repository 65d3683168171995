// SPDX-License-Identifier: Apache-2.0
#include "base/faulty_file_system_testing.h"

#include <utility>

#include "base/error.h"

namespace dragoman {
namespace {

// path with its leading directory (or all of it) from replaced by to; unchanged if it does not lie there.
std::string Moved(const std::string& path, const std::string& from, const std::string& to) {
  if (path == from) return to;
  return path.compare(0, from.size() + 1, from + "/") == 0 ? to + path.substr(from.size()) : path;
}

}  // namespace

class FaultyWritableFile : public WritableFile {
 public:
  FaultyWritableFile(FaultyFileSystem& files, std::string path, std::unique_ptr<WritableFile> base)
      : files_(files), path_(std::move(path)), base_(std::move(base)) {}

  void Append(std::string_view bytes) override {
    const bool allowed = files_.Allowed(path_);
    const int64_t size = files_.base_.Open(path_)->size();
    files_.synced_size_.try_emplace(path_, size);
    base_->Append(allowed ? bytes : bytes.substr(0, bytes.size() / 2));
    if (!allowed) files_.Fail(path_);
  }
  void Sync() override {
    files_.Mutate(path_);
    files_.synced_size_.erase(path_);
  }
  void Close() override {
    files_.Mutate(path_);
    base_->Close();
  }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
  std::unique_ptr<WritableFile> base_;
};

void FaultyFileSystem::MustBeAlive(const std::string& path) const {
  if (crashed_) throw FileError(path, "simulated crash: nothing works any more");
}

bool FaultyFileSystem::Allowed(const std::string& path) {
  MustBeAlive(path);
  ++operations_;
  return operations_ != fail_at_ && operations_ != crash_at_;
}

void FaultyFileSystem::Fail(const std::string& path) {
  if (operations_ != crash_at_) throw FileError(path, "simulated failure: no space left on device");
  crashed_ = true;
  CutPower();
  throw FileError(path, "simulated crash");
}

std::unique_ptr<WritableFile> FaultyFileSystem::Create(const std::string& path) {
  Mutate(path);
  Saved before = Save(path);
  auto file = std::make_unique<FaultyWritableFile>(*this, path, base_.Create(path));
  if (before.there) unsynced_names_.push_back({Change::kRemovedFile, path, "", std::move(before)});
  unsynced_names_.push_back({Change::kMadeFile, path, "", {}});
  synced_size_[path] = 0;
  return file;
}

std::unique_ptr<WritableFile> FaultyFileSystem::OpenAppend(const std::string& path) {
  Mutate(path);
  const bool is_new = base_.Type(path) == FileType::kNone;
  auto file = std::make_unique<FaultyWritableFile>(*this, path, base_.OpenAppend(path));
  if (is_new) unsynced_names_.push_back({Change::kMadeFile, path, "", {}});
  return file;
}

void FaultyFileSystem::Truncate(const std::string& path, int64_t size) {
  Mutate(path);
  base_.Truncate(path, size);
}

void FaultyFileSystem::CreateDirectory(const std::string& path) {
  Mutate(path);
  base_.CreateDirectory(path);
  unsynced_names_.push_back({Change::kMadeDirectory, path, "", {}});
}

void FaultyFileSystem::SyncDirectory(const std::string& path) {
  Mutate(path);
  std::vector<NameChange> kept;
  for (NameChange& name : unsynced_names_) {
    if (ParentDirectory(name.path) != path) {
      kept.push_back(std::move(name));
      continue;
    }
    if (name.change != Change::kRenamed) continue;
    for (NameChange& older : kept) {  // what happened under the old name would now be undone under the new one
      older.path = Moved(older.path, name.from, name.path);
      older.from = Moved(older.from, name.from, name.path);
    }
  }
  unsynced_names_ = std::move(kept);
}

void FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  Mutate(from);
  Saved before = Save(to);
  base_.Rename(from, to);
  unsynced_names_.push_back({Change::kRenamed, to, from, std::move(before)});
  MoveDirtyFiles(from, to);
}

void FaultyFileSystem::RemoveFile(const std::string& path) {
  Mutate(path);
  Saved before = Save(path);
  base_.RemoveFile(path);
  unsynced_names_.push_back({Change::kRemovedFile, path, "", std::move(before)});
  synced_size_.erase(path);
}

void FaultyFileSystem::RemoveDirectory(const std::string& path) {
  Mutate(path);
  base_.RemoveDirectory(path);
  unsynced_names_.push_back({Change::kRemovedDirectory, path, "", {}});
}

void FaultyFileSystem::CreateSymlink(const std::string& target, const std::string& link) {
  Mutate(link);
  base_.CreateSymlink(target, link);
  unsynced_names_.push_back({Change::kMadeFile, link, "", {}});
}

std::unique_ptr<ReadableFile> FaultyFileSystem::Open(const std::string& path) {
  MustBeAlive(path);
  return base_.Open(path);
}

FileType FaultyFileSystem::Type(const std::string& path) {
  MustBeAlive(path);
  return base_.Type(path);
}

bool FaultyFileSystem::Exists(const std::string& path) {
  MustBeAlive(path);
  return base_.Exists(path);
}

std::string FaultyFileSystem::ReadSymlink(const std::string& link) {
  MustBeAlive(link);
  return base_.ReadSymlink(link);
}

std::vector<std::string> FaultyFileSystem::List(const std::string& directory) {
  MustBeAlive(directory);
  return base_.List(directory);
}

std::unique_ptr<FileLock> FaultyFileSystem::TryLock(const std::string& path) {
  MustBeAlive(path);
  return base_.TryLock(path);
}

FaultyFileSystem::Saved FaultyFileSystem::Save(const std::string& path) {
  switch (base_.Type(path)) {
    case FileType::kFile:
      return {true, false, ReadFile(base_, path)};
    case FileType::kSymlink:
      return {true, true, base_.ReadSymlink(path)};
    default:
      return {};
  }
}

void FaultyFileSystem::Restore(const std::string& path, const Saved& saved) {
  if (!saved.there) return;
  if (saved.is_link) {
    base_.CreateSymlink(saved.bytes, path);
  } else {
    base_.Create(path)->Append(saved.bytes);
  }
}

void FaultyFileSystem::MoveDirtyFiles(const std::string& from, const std::string& to) {
  std::map<std::string, int64_t> moved;
  for (const auto& [path, size] : synced_size_) moved[Moved(path, from, to)] = size;
  synced_size_ = std::move(moved);
}

void FaultyFileSystem::CutPower() {
  if (after_ == AfterCrash::kAllKept) return;
  for (const auto& [path, synced] : synced_size_) {
    const int64_t size = base_.Open(path)->size();
    base_.Truncate(path, after_ == AfterCrash::kUnsyncedTorn ? synced + (size - synced) / 2 : synced);
  }
  if (after_ == AfterCrash::kUnsyncedTorn) return;
  if (after_ == AfterCrash::kNewestNameKept && !unsynced_names_.empty()) unsynced_names_.pop_back();
  for (; !unsynced_names_.empty(); unsynced_names_.pop_back()) Undo(unsynced_names_.back());
}

void FaultyFileSystem::Undo(const NameChange& name) {
  const bool removed = name.change == Change::kRemovedFile || name.change == Change::kRemovedDirectory;
  if ((base_.Type(name.path) == FileType::kNone) != removed) return;  // a kept newer change stands in the way
  switch (name.change) {
    case Change::kMadeFile:
      base_.RemoveFile(name.path);
      break;
    case Change::kMadeDirectory:
      RemoveAll(base_, name.path);
      break;
    case Change::kRenamed:
      base_.Rename(name.path, name.from);
      Restore(name.path, name.before);
      break;
    case Change::kRemovedFile:
      Restore(name.path, name.before);
      break;
    case Change::kRemovedDirectory:
      base_.CreateDirectory(name.path);
      break;
  }
}

}  // namespace dragoman
