// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "format/model_directory.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxLockBytes = 1024;
constexpr char kTemporary[] = ".tmp-";  // begins every name that stands for nothing whole

// "step-00001000" is the checkpoint of step 1000; "step-00001000.1" another one of the same step, saved later.
struct CheckpointName {
  int64_t step = 0;
  int64_t again = 0;
  bool operator<(const CheckpointName& other) const {
    return std::tie(step, again) < std::tie(other.step, other.again);
  }
};

std::string TextOf(const CheckpointName& name) {
  return name.again == 0 ? fmt::format("step-{:08}", name.step) : fmt::format("step-{:08}.{}", name.step, name.again);
}

bool ParseNumber(std::string_view text, int64_t* number) {
  if (text.empty() || text.size() > 18) return false;  // 18 digits fit
  *number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    *number = *number * 10 + (c - '0');
  }
  return true;
}

std::optional<CheckpointName> ParseName(std::string_view text) {
  constexpr std::string_view kPrefix = "step-";
  if (text.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  const std::string_view number = text.substr(kPrefix.size());
  const size_t dot = number.find('.');
  CheckpointName name;
  if (!ParseNumber(number.substr(0, dot), &name.step)) return std::nullopt;
  if (dot != std::string_view::npos && !ParseNumber(number.substr(dot + 1), &name.again)) return std::nullopt;
  if (TextOf(name) != text) return std::nullopt;  // someone else's way to write it
  return name;
}

// Whether the store itself makes temporary files of that name: a run's directory may hold other people's, too.
bool IsOurTemporary(std::string_view name) {
  constexpr std::string_view kPrefix = kTemporary;
  if (name.substr(0, kPrefix.size()) != kPrefix) return false;
  const std::string_view rest = name.substr(kPrefix.size());
  const auto is_copy_of = [&](const char* file) { return rest.starts_with(std::string(file) + "-"); };
  const bool is_copy = is_copy_of(kRunLogFile) || is_copy_of(kRunConfigFile);  // WriteFileAtomically's
  return rest == kLastLink || rest == kBestLink || ParseName(rest) || is_copy;
}

bool IsBelow(const std::string& a, const std::string& b) { return *ParseName(a) < *ParseName(b); }

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Names of the checkpoints in RUN, oldest first.
std::vector<std::string> NamesIn(FileSystem& files, const std::string& run) {
  std::vector<std::string> names;
  for (const std::string& name : files.List(run)) {
    if (ParseName(name) && files.Type(JoinPath(run, name)) == FileType::kDirectory) names.push_back(name);
  }
  std::sort(names.begin(), names.end(), IsBelow);
  return names;
}

// Names of those with a score and not damaged, best first, of equal scores the earlier.
std::vector<std::string> ScoredNamesIn(FileSystem& files, const std::string& run,
                                       const std::set<std::string>& damaged) {
  std::vector<std::pair<double, std::string>> scored;
  for (const std::string& name : NamesIn(files, run)) {
    if (damaged.count(name) > 0) continue;
    try {
      const std::optional<double> score = ReadManifest(files, JoinPath(run, name)).score;
      if (score) scored.emplace_back(*score, name);
    } catch (const FileError&) {  // damaged, or removed meanwhile: LatestGood says so if it matters
    }
  }
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> names;
  for (auto& [score, name] : scored) names.push_back(std::move(name));
  return names;
}

// What the link of that name in RUN says; "" if there is no such link.
std::string LinkTargetIn(FileSystem& files, const std::string& run, const std::string& link) {
  const std::string path = JoinPath(run, link);
  return files.Type(path) == FileType::kSymlink ? files.ReadSymlink(path) : "";
}

// Moves `name` to the front of names, if it is one of them.
bool PutFirst(std::vector<std::string>* names, const std::string& name) {
  const auto found = std::find(names->begin(), names->end(), name);
  if (found == names->end()) return false;
  std::rotate(names->begin(), found, found + 1);
  return true;
}

std::vector<std::string> FirstPaths(const std::string& run, const std::vector<std::string>& names, int count) {
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (static_cast<int>(paths.size()) < count) paths.push_back(JoinPath(run, name));
  }
  return paths;
}

}  // namespace

std::vector<std::string> CheckpointsNewestFirst(FileSystem& files, const std::string& run) {
  std::vector<std::string> paths;
  if (!files.Exists(run)) return paths;
  std::vector<std::string> names = NamesIn(files, run);
  std::reverse(names.begin(), names.end());
  PutFirst(&names, LinkTargetIn(files, run, kLastLink));
  for (const std::string& name : names) paths.push_back(JoinPath(run, name));
  return paths;
}

std::vector<std::string> BestCheckpoints(FileSystem& files, const std::string& run, int count) {
  return FirstPaths(run, ScoredNamesIn(files, run, {}), count);
}

CheckpointStore::CheckpointStore(FileSystem& files, std::string run, const RetentionOptions& retention, Report report)
    : files_(files), run_(std::move(run)), retention_(retention), report_(std::move(report)) {
  DRAGOMAN_CHECK(retention_.keep_last >= 1 && retention_.keep_best >= 1);
  CreateDirectories(files_, run_);
  for (const char* link : {kLastLink, kBestLink}) RequireLinkOrNothing(Path(link));
  for (const char* name : {kLockFile, kRunLogFile, kRunConfigFile, kTensorBoardDirectory, kAveragedDirectory})
    RequireNoLink(Path(name));
  lock_ = files_.TryLock(Path(kLockFile));
  if (!lock_) {
    std::string owner = ReadFile(files_, Path(kLockFile), kMaxLockBytes);
    owner.erase(std::find_if(owner.begin(), owner.end(), [](char c) { return c < '0' || c > '9'; }), owner.end());
    throw FileError(run_, "another training (process " + owner +
                              ") writes here, expected to be the only one; wait for " +
                              "it, stop it, or choose another `output`");
  }
  for (const std::string& name : files_.List(run_)) {
    if (IsOurTemporary(name)) Quietly([&] { RemoveAll(files_, Path(name)); });
  }
  Quietly([&] { LinkBest(); });  // a save may have been interrupted between its two links
}

CheckpointStore::~CheckpointStore() = default;

void CheckpointStore::RequireLinkOrNothing(const std::string& path) const {
  const FileType type = files_.Type(path);
  if (type == FileType::kNone || type == FileType::kSymlink) return;
  throw FileError(path, fmt::format("is a {}, expected nothing or a link to one of the checkpoints beside it (copying "
                                    "a run may turn its links into directories); remove it, or choose another `output`",
                                    type == FileType::kDirectory ? "directory" : "file"));
}

// Whoever gave us the run's directory must not choose where else we write.
void CheckpointStore::RequireNoLink(const std::string& path) const {
  if (files_.Type(path) != FileType::kSymlink) return;
  throw FileError(path, fmt::format("is a link to {}, expected nothing or what a training has written here: all that "
                                    "one writes stays inside `output`; remove the link",
                                    files_.ReadSymlink(path)));
}

std::string CheckpointStore::Save(const CheckpointContents& contents) {
  const std::string name = FreeName(contents.step);
  const std::string temporary = kTemporary + name;
  try {
    WriteCheckpoint(files_, Path(temporary), contents);
    files_.Rename(Path(temporary), Path(name));
    files_.SyncDirectory(run_);
    Link(kLastLink, name);
  } catch (...) {
    Quietly([&] { RemoveAll(files_, Path(temporary)); });
    // Once RUN/last has moved, the new checkpoint is the one to keep, even if that could not be synced.
    Quietly([&] {
      if (files_.Exists(Path(name)) && LinkTarget(kLastLink) != name) Retire({name});
    });
    throw;
  }
  LinkBest();
  Quietly([&] { RemoveOld(name); });
  return Path(name);
}

void CheckpointStore::RemoveSurplus() {
  const std::string last = LinkTarget(kLastLink);
  if (!last.empty()) Quietly([&] { RemoveOld(last); });
}

std::optional<Checkpoint> CheckpointStore::LatestGood() {
  std::vector<std::string> names = Names();
  std::reverse(names.begin(), names.end());
  const std::string last = LinkTarget(kLastLink);
  if (!PutFirst(&names, last) && !last.empty()) {
    report_(Path(kLastLink) + ": points to " + last +
            ", which is not there; looking for the newest checkpoint that is");
  }
  for (const std::string& name : names) {
    std::optional<Checkpoint> checkpoint = CheckOne(name);
    if (!checkpoint) continue;
    if (name != last) {
      report_("going on from " + checkpoint->directory + ", the newest whole checkpoint");
      Quietly([&] { Link(kLastLink, name); });
    }
    return checkpoint;
  }
  if (names.empty()) return std::nullopt;
  throw FormatError(run_,
                    fmt::format("all {} checkpoints here are damaged, expected one that is whole; restore one from "
                                "a backup, or choose another `output` to begin anew",
                                names.size()));
}

// The checkpoint of that name if it is whole; otherwise reports why it is not.
std::optional<Checkpoint> CheckpointStore::CheckOne(const std::string& name) {
  try {
    std::optional<Manifest> manifest = VerifyCheckpoint(files_, Path(name));
    if (manifest) return Checkpoint{Path(name), std::move(*manifest)};
    report_(Path(name) + ": has no " + kManifestName + "; trying an older checkpoint");
  } catch (const FileError& error) {
    report_(std::string("damaged checkpoint: ") + error.what());
  }
  damaged_.insert(name);
  return std::nullopt;
}

std::vector<std::string> CheckpointStore::BestDirectories(int count) const {
  return FirstPaths(run_, NamesBestFirst(), count);
}

std::vector<std::string> CheckpointStore::Names() const { return NamesIn(files_, run_); }

std::vector<std::string> CheckpointStore::NamesBestFirst() const { return ScoredNamesIn(files_, run_, damaged_); }

std::string CheckpointStore::FreeName(int64_t step) const {
  DRAGOMAN_CHECK(step >= 0);
  CheckpointName name = {step, 0};
  while (files_.Type(Path(TextOf(name))) != FileType::kNone) ++name.again;
  return TextOf(name);
}

std::string CheckpointStore::LinkTarget(const std::string& link) const { return LinkTargetIn(files_, run_, link); }

void CheckpointStore::Link(const std::string& link, const std::string& name) {
  ReplaceSymlink(files_, name, Path(link), Path(kTemporary + link));
}

void CheckpointStore::LinkBest() {
  const std::vector<std::string> names = NamesBestFirst();
  const std::string target = LinkTarget(kBestLink);
  if (names.empty()) {
    if (!target.empty()) files_.RemoveFile(Path(kBestLink));  // what it points to is damaged or about to go
  } else if (target != names.front()) {
    Link(kBestLink, names.front());
  }
}

// Checkpoints of a later step than the newest are of a future that was given up by going on from an earlier one.
void CheckpointStore::RemoveOld(const std::string& newest) {
  std::vector<std::string> kept = NamesBestFirst();
  kept.resize(std::min(kept.size(), static_cast<size_t>(retention_.keep_best)));
  std::vector<std::string> names = Names();
  int last = 0;
  for (auto name = names.rbegin(); name != names.rend() && last < retention_.keep_last; ++name) {
    if (IsBelow(newest, *name) || damaged_.count(*name) > 0) continue;
    kept.push_back(*name);
    ++last;
  }
  names.erase(std::remove_if(names.begin(), names.end(), [&](const auto& name) { return Contains(kept, name); }),
              names.end());
  Retire(names);
}

// First out of the way under a temporary name, for good, then removed: half of a checkpoint never bears its name.
void CheckpointStore::Retire(const std::vector<std::string>& names) {
  if (names.empty()) return;
  for (const std::string& name : names) {
    RemoveAll(files_, Path(kTemporary + name));
    files_.Rename(Path(name), Path(kTemporary + name));
    damaged_.erase(name);
  }
  files_.SyncDirectory(run_);
  for (const std::string& name : names) RemoveAll(files_, Path(kTemporary + name));
}

void CheckpointStore::Quietly(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const FileError& error) {
    report_(error.what());
  }
}

}  // namespace dragoman
