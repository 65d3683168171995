// SPDX-License-Identifier: Apache-2.0
// CheckpointStore: the checkpoints of one run, kept so that whatever happens (a kill, a power cut, a full disk) a whole
// one can be found again: the one before the accident, or the one being saved when it came.
//
//   RUN/step-00001000/         one checkpoint: the files the trainer gave, and MANIFEST.json with their checksums
//   RUN/last, RUN/best         symbolic links to the newest one and to the one of the best score
//   RUN/.lock                  held by the one process that trains here
//   RUN/.tmp-step-..., -last, -best    being written or removed; swept away by the next opening
//
// Order is everything here. A checkpoint is written under a temporary name, its manifest last; every file, then the
// directory, is synced; then it is renamed and RUN synced; then the links move; only then are older ones removed. So a
// name that begins with "step-" always stands for a whole checkpoint, and RUN/last for one that is there.
// The layout is a promise to other tools: docs/formats.md.
#ifndef DRAGOMAN_TRAIN_CHECKPOINT_STORE_H_
#define DRAGOMAN_TRAIN_CHECKPOINT_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/manifest.h"

namespace dragoman {

struct RetentionOptions {
  int keep_last = 2;  // newest checkpoints kept, >= 1; the second is there should the first be damaged
  int keep_best = 1;  // checkpoints of the best scores kept besides, >= 1
};

// A checkpoint on disk.
struct Checkpoint {
  std::string directory;  // RUN/step-00001000
  Manifest manifest;
};

// Directories of up to `count` checkpoints in RUN with the best scores, best first. Only looks: a training may go on
// there.
std::vector<std::string> BestCheckpoints(FileSystem& files, const std::string& run, int count);

// Directories of the checkpoints in RUN, damaged ones included: what RUN/last points to, then the newest, and so on.
std::vector<std::string> CheckpointsNewestFirst(FileSystem& files, const std::string& run);

// Used by one thread.
class CheckpointStore {
 public:
  using Report = std::function<void(const std::string&)>;  // takes one warning for a person, without a line's end

  // Opens RUN (made if it is not there), takes its lock and sweeps away what an interrupted save left.
  // Throws FileError if another process trains into it, if something other than a link is called RUN/last or best, or
  // if a link is where a training writes a file or directory of its own.
  CheckpointStore(FileSystem& files, std::string run, const RetentionOptions& retention, Report report);
  ~CheckpointStore();

  // Saves a checkpoint and moves RUN/last to it, and RUN/best if its score is the best there is (of equal scores the
  // earlier is). Returns where it is, once it is on disk. Throws what a writer throws, and FileError if it cannot be
  // saved: the checkpoints from before are then all there, and the links point to them, or else to the new one, whole,
  // if moving a link was the last thing to fail. A failure to remove older ones is reported only.
  std::string Save(const CheckpointContents& contents);

  // Removes what the Save before would have removed, had it not been killed. A failure is reported only.
  void RemoveSurplus();

  // The checkpoint to go on from: what RUN/last points to if all its checksums hold, else the newest that is whole.
  // Each one that is damaged is reported. None if there is no checkpoint; throws FormatError if there are only
  // damaged ones: that run is better looked at than begun anew over its remains.
  std::optional<Checkpoint> LatestGood();

  // BestCheckpoints(RUN), without those LatestGood found damaged.
  std::vector<std::string> BestDirectories(int count) const;

 private:
  std::string Path(const std::string& name) const { return JoinPath(run_, name); }
  std::vector<std::string> Names() const;           // of the checkpoints there are, oldest first
  std::vector<std::string> NamesBestFirst() const;  // of the sound ones with a score
  void RequireLinkOrNothing(const std::string& path) const;
  void RequireNoLink(const std::string& path) const;
  std::string FreeName(int64_t step) const;
  std::string LinkTarget(const std::string& link) const;  // "" if there is no such link
  void Link(const std::string& link, const std::string& name);
  void LinkBest();
  void RemoveOld(const std::string& newest);
  void Retire(const std::vector<std::string>& names);
  void Quietly(const std::function<void()>& fn);  // a FileError becomes a report
  std::optional<Checkpoint> CheckOne(const std::string& name);

  FileSystem& files_;
  const std::string run_;
  const RetentionOptions retention_;
  const Report report_;
  std::unique_ptr<FileLock> lock_;
  std::set<std::string> damaged_;  // names of those LatestGood found damaged
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_CHECKPOINT_STORE_H_
