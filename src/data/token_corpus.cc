// SPDX-License-Identifier: Apache-2.0
#include "data/token_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/thread_pool.h"

namespace dragoman {
namespace {

constexpr size_t kBlock = 64;                    // pairs between two entries of block_starts_
constexpr size_t kChunkPairs = 8192;             // pairs tokenised at a time,
constexpr size_t kChunkBytes = size_t{2} << 20;  // or fewer when they are long
constexpr uint64_t kTokenisationVersion = 1;     // raised whenever the same text would give other ids

// Text of some pairs and, later, their ids.
struct Chunk {
  std::string text;          // source, target, source, ...
  std::vector<size_t> ends;  // of each sentence in `text`
  std::vector<std::vector<int32_t>> ids;

  void Clear() {
    text.clear();
    ends.clear();
  }
  void Add(std::string_view sentence) {
    text += sentence;
    ends.push_back(text.size());
  }
  bool full() const { return ends.size() >= 2 * kChunkPairs || text.size() >= kChunkBytes; }
  std::string_view Sentence(size_t i) const {
    const size_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(text).substr(begin, ends[i] - begin);
  }
};

void Encode(const Vocabulary& src_vocab, const Vocabulary& tgt_vocab, WorkerPool* pool, Chunk* chunk) {
  chunk->ids.resize(std::max(chunk->ids.size(), chunk->ends.size()));
  std::atomic<size_t> next{0};
  constexpr size_t kStep = 32;  // even, so that a step begins with a source sentence
  pool->Run([&](int) {
    for (size_t begin = next.fetch_add(kStep); begin < chunk->ends.size(); begin = next.fetch_add(kStep)) {
      for (size_t i = begin; i < std::min(begin + kStep, chunk->ends.size()); ++i) {
        chunk->ids[i] = (i % 2 == 0 ? src_vocab : tgt_vocab).Encode(chunk->Sentence(i));
      }
    }
  });
}

// Cuts `ids` to leave room for </s> within max_len tokens.
void Truncate(int max_len, std::vector<int32_t>* ids, int64_t* truncated) {
  if (static_cast<int64_t>(ids->size()) < max_len) return;
  ids->resize(static_cast<size_t>(max_len - 1));
  ++*truncated;
}

void WriteChunk(const CorpusOptions& options, int32_t src_unk, int32_t tgt_unk, Chunk* chunk, SpoolWriter* writer,
                CorpusReport* report) {
  for (size_t i = 0; i + 1 < chunk->ends.size(); i += 2) {
    std::vector<int32_t>& src = chunk->ids[i];
    std::vector<int32_t>& tgt = chunk->ids[i + 1];
    if (src.empty() || tgt.empty()) {
      ++report->empty_pairs;
      continue;
    }
    Truncate(options.max_src_len, &src, &report->src_truncated);
    Truncate(options.max_tgt_len, &tgt, &report->tgt_truncated);
    ++report->pairs;
    report->src_tokens += static_cast<int64_t>(src.size()) + 1;
    report->tgt_tokens += static_cast<int64_t>(tgt.size()) + 1;
    report->src_unknown += std::count(src.begin(), src.end(), src_unk);
    report->tgt_unknown += std::count(tgt.begin(), tgt.end(), tgt_unk);
    writer->AddPair(src, tgt);
  }
}

uint64_t CorpusFingerprint(const ParallelInput& input, const Vocabulary& src_vocab, const Vocabulary& tgt_vocab,
                           const CorpusOptions& options) {
  uint64_t hash = HashMix(kTokenisationVersion);
  const auto add = [&hash](uint64_t value) { hash = HashCombine(hash, value); };
  const auto add_file = [&](const std::string& path) {
    const FileDigest digest = DigestFile(path, options.check);
    add(digest.size);
    add(digest.hash);
  };
  add(static_cast<uint64_t>(input.format));
  add_file(input.source);
  if (input.format == PairFormat::kTwoFiles) add_file(input.target);
  if (input.format == PairFormat::kJsonl) {
    add(HashBytes(input.source_key));
    add(HashBytes(input.target_key));
  }
  add(src_vocab.fingerprint());
  add(tgt_vocab.fingerprint());
  add(static_cast<uint64_t>(options.max_src_len));
  add(static_cast<uint64_t>(options.max_tgt_len));
  return hash;
}

void CheckOptions(const Vocabulary& src_vocab, const Vocabulary& tgt_vocab, const CorpusOptions& options) {
  for (const auto& [name, value] : {std::pair<const char*, int>{"max_src_len", options.max_src_len},
                                    std::pair<const char*, int>{"max_tgt_len", options.max_tgt_len}}) {
    if (value < 2 || value > kMaxPairLength) {
      throw OptionError(
          fmt::format("{} {}: out of range; expected 2 to {} tokens, </s> counted; a few hundred is usual", name, value,
                      kMaxPairLength));
    }
  }
  for (const auto& [name, vocabulary] : {std::pair<const char*, const Vocabulary*>{"source", &src_vocab},
                                         std::pair<const char*, const Vocabulary*>{"target", &tgt_vocab}}) {
    if (vocabulary->eos_id() < 0) {
      throw FormatError(std::string("the ") + name + " vocabulary",
                        "it has no </s>; expected a vocabulary with one; make it with `dragoman vocab`");
    }
  }
}

// A copy of stdin on disk, removed at the end.
class StdinCopy {
 public:
  StdinCopy(FileSystem* files, const std::string& path) : files_(files), path_(path) {}
  ~StdinCopy() {
    try {
      files_->RemoveFile(path_);
    } catch (const Error&) {  // it stays behind, which does no harm
    }
  }
  StdinCopy(const StdinCopy&) = delete;
  StdinCopy& operator=(const StdinCopy&) = delete;

 private:
  FileSystem* files_;
  std::string path_;
};

CorpusReport BuildSpool(const ParallelInput& input, const Vocabulary& src_vocab, const Vocabulary& tgt_vocab,
                        const CorpusOptions& options, SpoolWriter* writer) {
  ParallelReader reader(input);
  WorkerPool pool(options.threads);
  CorpusReport report;
  Chunk chunk;
  std::string_view src;
  std::string_view tgt;
  bool more = true;
  while (more) {
    options.check();
    chunk.Clear();
    while (!chunk.full() && (more = reader.Next(&src, &tgt))) {
      chunk.Add(src);
      chunk.Add(tgt);
    }
    Encode(src_vocab, tgt_vocab, &pool, &chunk);
    WriteChunk(options, src_vocab.unk_id(), tgt_vocab.unk_id(), &chunk, writer, &report);
  }
  report.crlf_lines = reader.notes().crlf_lines;
  report.bom_files = reader.notes().bom_files;
  if (report.pairs == 0) {
    throw FileError(input.source_name.empty() ? input.source : input.source_name,
                    fmt::format("no sentence pairs in it ({} empty ones); expected text on both sides; check the file "
                                "names",
                                report.empty_pairs));
  }
  if (report.pairs > INT64_C(0xFFFFFFFF)) {
    throw FileError(input.source, "more than 4,294,967,295 pairs; expected fewer; split the corpus");
  }
  return report;
}

}  // namespace

TokenCorpus TokenCorpus::OpenOrBuild(const ParallelInput& input, const Vocabulary& src_vocab,
                                     const Vocabulary& tgt_vocab, const CorpusOptions& options,
                                     const std::string& spool_path, FileSystem& files) {
  CheckOptions(src_vocab, tgt_vocab, options);
  ParallelInput on_disk = input;
  std::optional<StdinCopy> copy;
  if (input.source == kStdinPath || (input.format == PairFormat::kTwoFiles && input.target == kStdinPath)) {
    if (input.format == PairFormat::kTwoFiles && input.source == input.target) ParallelReader{input};  // throws
    const bool is_source = input.source == kStdinPath;
    (is_source ? on_disk.source : on_disk.target) = spool_path + ".stdin";
    (is_source ? on_disk.source_name : on_disk.target_name) = "stdin";
    copy.emplace(&files, spool_path + ".stdin");  // first, so that it also removes what was begun
    SpoolStdin(&files, spool_path + ".stdin", options.check);
  }

  TokenCorpus corpus;
  corpus.path_ = spool_path;
  corpus.src_eos_ = src_vocab.eos_id();
  corpus.tgt_eos_ = tgt_vocab.eos_id();
  corpus.src_vocab_ = src_vocab.size();
  corpus.tgt_vocab_ = tgt_vocab.size();
  corpus.fingerprint_ = CorpusFingerprint(on_disk, src_vocab, tgt_vocab, options);
  std::optional<OpenSpool> spool = TryOpenSpool(&files, spool_path, corpus.fingerprint_);
  corpus.reused_ = spool.has_value();
  if (!spool) {
    const int id_bytes = std::max(src_vocab.size(), tgt_vocab.size()) <= 65536 ? 2 : 4;
    SpoolWriter writer(&files, spool_path, corpus.fingerprint_, id_bytes);
    writer.Finish(BuildSpool(on_disk, src_vocab, tgt_vocab, options, &writer));
    spool = TryOpenSpool(&files, spool_path, corpus.fingerprint_);
    if (!spool) {
      throw FileError(spool_path,
                      "what was read back is not what was written; expected a sound disk; check it, or choose another");
    }
  }
  corpus.file_ = std::move(spool->file);
  corpus.id_bytes_ = static_cast<int>(spool->trailer.id_bytes);
  corpus.report_ = spool->trailer.report;
  corpus.lengths_ = std::move(spool->lengths);
  corpus.BuildIndex();
  return corpus;
}

void TokenCorpus::BuildIndex() {
  uint64_t start = 0;
  block_starts_.reserve(lengths_.size() / kBlock + 1);
  for (size_t i = 0; i < lengths_.size(); ++i) {
    if (i % kBlock == 0) block_starts_.push_back(start);
    start += lengths_[i].src + lengths_[i].tgt - 2u;  // </s> is not stored
  }
}

void TokenCorpus::AppendPair(int64_t pair, std::vector<int32_t>* src, std::vector<int32_t>* tgt) const {
  DRAGOMAN_CHECK(pair >= 0 && pair < size());
  const auto index = static_cast<size_t>(pair);
  uint64_t start = block_starts_[index / kBlock];
  for (size_t i = index - index % kBlock; i < index; ++i) start += lengths_[i].src + lengths_[i].tgt - 2u;
  const size_t src_count = lengths_[index].src - 1u;
  const size_t count = src_count + lengths_[index].tgt - 1u;

  char bytes[4096];
  const auto width = static_cast<size_t>(id_bytes_);
  for (size_t done = 0; done < count;) {
    const size_t part = std::min(count - done, sizeof(bytes) / width);
    file_->Read(static_cast<int64_t>((start + done) * width), {bytes, part * width});
    for (size_t i = 0; i < part; ++i) {
      uint32_t id = 0;
      std::memcpy(&id, bytes + i * width, width);
      const bool is_src = done + i < src_count;
      if (id >= static_cast<uint32_t>(is_src ? src_vocab_ : tgt_vocab_)) {
        throw FileError(path_, "the tokenised corpus has been changed while in use (token " + std::to_string(id) +
                                   "); expected the file as this run left it; start again with --resume");
      }
      (is_src ? src : tgt)->push_back(static_cast<int32_t>(id));
    }
    done += part;
  }
  src->push_back(src_eos_);
  tgt->push_back(tgt_eos_);
}

void TokenCorpus::RequireFingerprint(uint64_t expected) const {
  if (expected == fingerprint_) return;
  throw OptionError(fmt::format(
      "the training data are not those of the checkpoint (fingerprint {:016x}, expected {:016x}): text, vocabulary or "
      "length limits have changed; expected the same, so that the run can go on exactly where it stopped; give the "
      "same files and options, or start a new run from these weights with --init-from",
      fingerprint_, expected));
}

std::vector<std::string> DescribeReport(const CorpusReport& report) {
  std::vector<std::string> lines = {fmt::format("{} sentence pairs, {} source and {} target tokens", report.pairs,
                                                report.src_tokens, report.tgt_tokens)};
  const auto add = [&lines](int64_t count, const char* text) {
    if (count > 0) lines.push_back(fmt::format("{} {}", count, text));
  };
  add(report.empty_pairs, "pairs skipped: one side is empty");
  add(report.src_truncated, "source sentences cut to the left part that max_src_len allows");
  add(report.tgt_truncated, "target sentences cut to the left part that max_tgt_len allows");
  add(report.src_unknown,
      "source tokens are <unk>: characters that the vocabulary lacks (see vocab --character-coverage, "
      "--byte-fallback)");
  add(report.tgt_unknown,
      "target tokens are <unk>: characters that the vocabulary lacks (see vocab --character-coverage, "
      "--byte-fallback)");
  add(report.crlf_lines, "lines ended in CR LF; the CR was dropped");
  add(report.bom_files, "files began with a byte order mark; it was dropped");
  return lines;
}

}  // namespace dragoman
