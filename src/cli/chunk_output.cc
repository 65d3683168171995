// SPDX-License-Identifier: Apache-2.0
#include "cli/chunk_output.h"

#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/byte_hash.h"
#include "base/counted.h"
#include "base/error.h"
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
      std::cerr << next->second.complaints << std::flush;
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

class FileOutput : public ChunkOutput {
 public:
  FileOutput(FileSystem& files, std::string path)
      : files_(files), path_(std::move(path)), parts_(path_ + ".parts"), lock_(TakeLock()) {
    ProbeWriteAtomically(files_, path_);
  }

  bool Has(int64_t index, uint64_t fingerprint) override {
    const std::string part = PartPath(index, fingerprint);
    if (!files_.Exists(part) || !Read(part)) return false;
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
    const std::string whole = JoinPath(parts_, "whole");
    const auto file = files_.Create(whole);
    for (size_t i = 0; i < fingerprints_.size(); ++i) {
      const std::string part = PartPath(static_cast<int64_t>(i), fingerprints_[i]);
      const auto chunk = Read(part);
      if (!chunk) throw FileError(part, "is not what was written there, expected a sound disk; start again");
      file->Append(chunk->output);
      std::cerr << chunk->complaints;
      counts.Add(chunk->counts);
    }
    file->Sync();
    file->Close();
    files_.Rename(whole, path_);
    files_.SyncDirectory(ParentDirectory(path_));
    RemoveAll(files_, parts_);
    return counts;
  }

 private:
  std::string PartPath(int64_t index, uint64_t fingerprint) const {
    return JoinPath(parts_, fmt::format("{:08}-{:016x}", index, fingerprint));
  }

  // Also looks whether there may be such a file.
  std::unique_ptr<FileLock> TakeLock() {
    const FileType type = files_.Type(path_);
    if (type != FileType::kNone && type != FileType::kFile) {
      throw OptionError("--output " + path_ +
                        " is neither new nor a plain file, expected one; leave --output out to write to stdout");
    }
    if (!files_.Exists(parts_)) CreateDirectories(files_, parts_);
    auto lock = files_.TryLock(JoinPath(parts_, "lock"));
    if (!lock)
      throw FileError(path_, "another process translates into it, expected none; wait for it, or name another");
    return lock;
  }

  // Nothing for a file that is not whole.
  std::optional<TranslatedChunk> Read(const std::string& part) {
    const std::string bytes = ReadFile(files_, part);
    uint64_t hash = 0;
    if (bytes.size() < sizeof(hash)) return std::nullopt;
    const std::string_view packed(bytes.data(), bytes.size() - sizeof(hash));
    std::memcpy(&hash, bytes.data() + packed.size(), sizeof(hash));
    if (HashBytes(packed) != hash) return std::nullopt;
    return TranslatedChunk::Unpack(packed);
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

std::unique_ptr<ChunkOutput> OutputToStdout() { return std::make_unique<StdoutOutput>(); }

std::unique_ptr<ChunkOutput> OutputToFile(FileSystem& files, const std::string& path) {
  return std::make_unique<FileOutput>(files, path);
}

}  // namespace dragoman
