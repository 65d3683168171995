// SPDX-License-Identifier: Apache-2.0
// FaultyFileSystem: for tests. Passes every call on to another FileSystem, counts those that change something, and
// makes the one the test names fail, or ends the world there as a kill or a power cut would.
#ifndef DRAGOMAN_BASE_FAULTY_FILE_SYSTEM_TESTING_H_
#define DRAGOMAN_BASE_FAULTY_FILE_SYSTEM_TESTING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace dragoman {

// What is found after a crash. Real power cuts keep any part of what was not synced; these are the extremes.
enum class AfterCrash {
  kAllKept,         // only the process died: the system still writes what it was given
  kUnsyncedLost,    // power cut: files end where they were last synced; names changed since their directory was last
                    // synced (made, renamed, removed) are as they were before
  kNewestNameKept,  // as kUnsyncedLost, but the newest change of a name is there: the disk took it out of turn
  kUnsyncedTorn,    // power cut: half of what was appended to a file since it was synced is there; all names are
};

// Used by one thread. Syncs are remembered, not passed on: the test's own disk need not spin.
class FaultyFileSystem : public FileSystem {
 public:
  explicit FaultyFileSystem(FileSystem& base) : base_(base) {}

  int64_t operations() const { return operations_; }  // changes asked for so far
  bool crashed() const { return crashed_; }
  void FailAt(int64_t operation) { fail_at_ = operation; }  // that one (from 1) throws, once; an Append does half
  void CrashAt(int64_t operation, AfterCrash after) {       // that one and all calls after it throw
    crash_at_ = operation;
    after_ = after;
  }
  void PretendSpace(DiskSpace space) { space_ = space; }

  std::unique_ptr<WritableFile> Create(const std::string& path) override;
  std::unique_ptr<WritableFile> OpenAppend(const std::string& path) override;
  void Truncate(const std::string& path, int64_t size) override;
  void CreateDirectory(const std::string& path) override;
  void SyncDirectory(const std::string& path) override;
  void Rename(const std::string& from, const std::string& to) override;
  void RemoveFile(const std::string& path) override;
  void RemoveDirectory(const std::string& path) override;
  void CreateSymlink(const std::string& target, const std::string& link) override;

  std::unique_ptr<ReadableFile> Open(const std::string& path) override;
  FileType Type(const std::string& path) override;
  bool Exists(const std::string& path) override;
  std::string ReadSymlink(const std::string& link) override;
  std::vector<std::string> List(const std::string& directory) override;
  DiskSpace Space(const std::string& path) override { return space_ ? *space_ : base_.Space(path); }
  std::unique_ptr<FileLock> TryLock(const std::string& path) override;

 private:
  friend class FaultyWritableFile;
  enum class Change { kMadeFile, kMadeDirectory, kRenamed, kRemovedFile, kRemovedDirectory };
  struct Saved {  // a file or link that a change took away
    bool there = false;
    bool is_link = false;
    std::string bytes;  // or the link's target
  };
  struct NameChange {  // one change of a directory's names since that directory was synced
    Change change;
    std::string path;
    std::string from;  // kRenamed: the old name
    Saved before;      // what path was
  };

  // True: go on. False: this is the operation that fails. Throws after a crash.
  bool Allowed(const std::string& path);
  [[noreturn]] void Fail(const std::string& path);  // as a failed operation, or as the crash
  void MustBeAlive(const std::string& path) const;
  void Mutate(const std::string& path) {
    if (!Allowed(path)) Fail(path);
  }
  Saved Save(const std::string& path);
  void Restore(const std::string& path, const Saved& saved);
  void MoveDirtyFiles(const std::string& from, const std::string& to);
  void CutPower();
  void Undo(const NameChange& name);

  FileSystem& base_;
  int64_t operations_ = 0;
  int64_t fail_at_ = 0;
  int64_t crash_at_ = 0;
  AfterCrash after_ = AfterCrash::kAllKept;
  bool crashed_ = false;
  std::optional<DiskSpace> space_;
  std::map<std::string, int64_t> synced_size_;  // files with bytes not synced yet → how many are
  std::vector<NameChange> unsynced_names_;      // oldest first
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_FAULTY_FILE_SYSTEM_TESTING_H_
