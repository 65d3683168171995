// SPDX-License-Identifier: Apache-2.0
#include "train/share_corpus.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace dragoman {
namespace {

// In $TMPDIR, for this process alone.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* parent = std::getenv("TMPDIR");
    path_ = JoinPath(parent != nullptr ? parent : "/tmp", "dragoman-XXXXXX");
    if (mkdtemp(path_.data()) == nullptr) {
      throw FileError(path_, "no temporary directory can be made; expected one for a copy of the corpus; set TMPDIR");
    }
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Rank 0 sends the file at `path` around; who lacks it writes it to target_path.
void CopyFromFirst(Communicator& comm, FileSystem& files, const std::string& path, const std::string& target_path) {
  constexpr int64_t kPart = int64_t{16} << 20;
  const auto source = comm.rank() == 0 ? files.Open(path) : nullptr;
  const auto target = target_path.empty() ? nullptr : files.Create(target_path);
  const auto size = static_cast<double>(source ? source->size() : 0);
  const auto bytes = static_cast<int64_t>(comm.AllGather({&size, 1})[0]);
  for (int64_t done = 0; done < bytes; done += kPart) {
    std::string part;
    if (source) {
      part.resize(static_cast<size_t>(std::min(kPart, bytes - done)));
      source->Read(done, part);
    }
    part = comm.Broadcast(std::move(part));
    if (!target) continue;
    RequireRoom(files, target_path);
    target->Append(part);
  }
  if (target) target->Close();
}

}  // namespace

std::unique_ptr<TokenCorpus> ShareCorpus(Communicator& comm, FileSystem& files, std::unique_ptr<TokenCorpus> corpus,
                                         uint64_t fingerprint, const VocabularyPair& vocabs) {
  if (comm.size() == 1) return corpus;
  const std::string path = comm.Broadcast(corpus ? corpus->path() : "");
  const auto open = [&](const std::string& from) -> std::unique_ptr<TokenCorpus> {
    try {
      auto found = TokenCorpus::Open(from, fingerprint, *vocabs.src, *vocabs.tgt, files);
      return found ? std::make_unique<TokenCorpus>(std::move(*found)) : nullptr;
    } catch (const FileError&) {  // a directory that this rank may not look into
      return nullptr;
    }
  };
  if (!corpus) corpus = open(path);
  const double lacks = corpus ? 0 : 1;
  if (std::ranges::max(comm.AllGather({&lacks, 1})) == 0) return corpus;

  if (corpus) {
    CopyFromFirst(comm, files, path, /*target_path=*/"");
    return corpus;
  }
  const TemporaryDirectory directory;  // what is open stays readable when it goes
  const std::string copy = JoinPath(directory.path(), "corpus");
  CopyFromFirst(comm, files, path, copy);
  corpus = open(copy);
  if (!corpus) {
    throw FileError(copy, "the copy of rank 0's corpus cannot be read back; expected a sound disk; set TMPDIR to one");
  }
  return corpus;
}

}  // namespace dragoman
