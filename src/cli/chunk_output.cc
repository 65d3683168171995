// SPDX-License-Identifier: Apache-2.0
#include "cli/chunk_output.h"

#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_hash.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/stderr.h"
#include "cli/stdout.h"

namespace dragoman {
namespace {

class StdoutOutput : public ChunkOutput {
 public:
  bool Has(int64_t, uint64_t) override { return false; }

  void Put(int64_t index, uint64_t, const TranslatedChunk& chunk) override {
    waiting_.emplace(index, chunk);
    for (auto next = waiting_.find(next_); next != waiting_.end(); next = waiting_.find(next_)) {
      std::cout << next->second.output;
      FlushStdout();
      Errors() << next->second.complaints << std::flush;
      counts_.Add(next->second.counts);
      waiting_.erase(next);
      ++next_;
    }
  }

  TranslationCounts Finish() override { return counts_; }

 private:
  std::map<int64_t, TranslatedChunk> waiting_;  // for those before them
  int64_t next_ = 0;
  TranslationCounts counts_;
};

constexpr char kLock[] = "lock";
constexpr char kWhole[] = "whole";  // all parts, joined, being written

// "00000012-0123456789abcdef", as PartPath makes them
bool IsPartName(std::string_view name) {
  const size_t dash = name.find('-');
  return dash != name.npos && dash >= 8 && name.size() == dash + 17 &&
         name.substr(0, dash).find_first_not_of("0123456789") == name.npos &&
         name.substr(dash + 1).find_first_not_of("0123456789abcdef") == name.npos;
}

// Whether it is a name of ours, or of what WriteFileAtomically leaves when it is killed: ".tmp-NAME-PROCESS".
bool IsOurName(std::string_view name) {
  constexpr std::string_view kTemporary = ".tmp-";
  if (name.substr(0, kTemporary.size()) == kTemporary) {
    const size_t dash = name.rfind('-');
    return IsPartName(name.substr(kTemporary.size(), dash - kTemporary.size()));
  }
  return name == kLock || name == kWhole || IsPartName(name);
}

// A lock holds the number of a process, or nothing yet.
bool IsLock(FileSystem& files, const std::string& path) {
  const int64_t size = files.Open(path)->size();
  return size < 32 && ReadFile(files, path).find_first_not_of("0123456789\n") == std::string::npos;
}

// What else than a file of ours lies in the directory, if anything does. The lock is the first that we make there and
// the last that we remove: without it nothing is ours, whatever it is called.
std::optional<std::string> StrangerIn(FileSystem& files, const std::string& directory) {
  const std::string lock = JoinPath(directory, kLock);
  const bool is_ours = files.Type(lock) == FileType::kFile && IsLock(files, lock);
  for (const std::string& name : files.List(directory)) {
    if (!is_ours || !IsOurName(name) || files.Type(JoinPath(directory, name)) != FileType::kFile) return name;
  }
  return std::nullopt;
}

// What a file of a part holds; nothing when it is not what was written there.
std::optional<TranslatedChunk> ReadPart(FileSystem& files, const std::string& path) {
  const std::string bytes = ReadFile(files, path);
  uint64_t hash = 0;
  if (bytes.size() < sizeof(hash)) return std::nullopt;
  const std::string_view packed(bytes.data(), bytes.size() - sizeof(hash));
  std::memcpy(&hash, bytes.data() + packed.size(), sizeof(hash));
  if (HashBytes(packed) != hash) return std::nullopt;
  return TranslatedChunk::Unpack(packed);
}

class FileOutput : public ChunkOutput {
 public:
  FileOutput(FileSystem& files, std::string path)
      : files_(files), path_(std::move(path)), parts_(PartsOf(path_)), lock_(TakeLock()) {
    ProbeWriteAtomically(files_, path_);
  }

  bool Has(int64_t index, uint64_t fingerprint) override {
    const std::string part = PartPath(index, fingerprint);
    if (!files_.Exists(part) || !ReadPart(files_, part)) return false;
    Note(index, fingerprint);
    ++found_;
    return true;
  }

  void Put(int64_t index, uint64_t fingerprint, const TranslatedChunk& chunk) override {
    std::string bytes = chunk.Pack();
    const uint64_t hash = HashBytes(bytes);
    bytes.append(reinterpret_cast<const char*>(&hash), sizeof(hash));
    WriteFileAtomically(files_, PartPath(index, fingerprint), bytes);
    Note(index, fingerprint);
  }

  TranslationCounts Finish() override {
    if (found_ > 0) {
      std::cerr << fmt::format("dragoman: {} of {} were there from an earlier start\n", Counted(found_, "chunk"),
                               fingerprints_.size());
    }
    TranslationCounts counts;
    const std::string whole = JoinPath(parts_, kWhole);
    const auto file = files_.Create(whole);
    for (size_t i = 0; i < fingerprints_.size(); ++i) {
      const std::string part = PartPath(static_cast<int64_t>(i), fingerprints_[i]);
      const auto chunk = ReadPart(files_, part);
      if (!chunk) throw FileError(part, "is not what was written there, expected a sound disk; start again");
      file->Append(chunk->output);
      Errors() << chunk->complaints;
      counts.Add(chunk->counts);
    }
    file->Sync();
    file->Close();
    files_.Rename(whole, path_);
    files_.SyncDirectory(ParentDirectory(path_));
    RemoveParts();
    return counts;
  }

 private:
  std::string PartPath(int64_t index, uint64_t fingerprint) const {
    return JoinPath(parts_, fmt::format("{:08}-{:016x}", index, fingerprint));
  }

  // Also looks whether there may be such a file.
  std::unique_ptr<FileLock> TakeLock() {
    CheckOutputFile(files_, path_);
    if (!files_.Exists(parts_)) CreateDirectories(files_, parts_);
    auto lock = files_.TryLock(JoinPath(parts_, kLock));
    if (!lock)
      throw FileError(path_, "another process translates into it, expected none; wait for it, or name another");
    return lock;
  }

  // Only files of ours go, whatever else has come since the start; the lock goes last.
  void RemoveParts() {
    for (const std::string& name : files_.List(parts_)) {
      const std::string path = JoinPath(parts_, name);
      const bool is_ours = name != kLock && IsOurName(name) && files_.Type(path) == FileType::kFile;
      if (is_ours && (!IsPartName(name) || ReadPart(files_, path))) files_.RemoveFile(path);
    }
    files_.RemoveFile(JoinPath(parts_, kLock));
    if (files_.List(parts_).empty()) return files_.RemoveDirectory(parts_);
    std::cerr << fmt::format("dragoman: {} holds what is not of this translation, and stays\n", parts_);
  }

  void Note(int64_t index, uint64_t fingerprint) {
    const auto i = static_cast<size_t>(index);
    if (i >= fingerprints_.size()) fingerprints_.resize(i + 1);
    fingerprints_[i] = fingerprint;
  }

  FileSystem& files_;
  const std::string path_, parts_;
  const std::unique_ptr<FileLock> lock_;
  std::vector<uint64_t> fingerprints_;  // by index
  int64_t found_ = 0;
};

}  // namespace

std::string PartsOf(const std::string& path) { return path + ".parts"; }

void CheckOutputFile(FileSystem& files, const std::string& path) {
  const FileType type = files.Type(path);
  if (type != FileType::kNone && type != FileType::kFile) {
    throw OptionError("--output " + path +
                      " is neither new nor a plain file, expected one; leave --output out to write to stdout");
  }
  const std::string parts = PartsOf(path);
  const FileType parts_type = files.Type(parts);
  if (parts_type == FileType::kNone) return;
  const auto stranger = parts_type == FileType::kDirectory ? StrangerIn(files, parts) : std::nullopt;
  if (parts_type == FileType::kDirectory && !stranger) return;
  throw OptionError(
      fmt::format("--output {} needs {} for what is done so far, but that {}, expected nothing there, or a "
                  "directory with parts of a translation only; move it away, or name another --output",
                  path, parts, stranger ? "holds " + *stranger : "is a file or link"));
}

std::unique_ptr<ChunkOutput> OutputToStdout() { return std::make_unique<StdoutOutput>(); }

std::unique_ptr<ChunkOutput> OutputToFile(FileSystem& files, const std::string& path) {
  return std::make_unique<FileOutput>(files, path);
}

}  // namespace dragoman
