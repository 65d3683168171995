// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/byte_hash.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "data/token_spool.h"

namespace dragoman {
namespace {

constexpr size_t kChunkPairs = 8192;             // pairs tokenised at a time,
constexpr size_t kChunkBytes = size_t{2} << 20;  // or fewer when they are long
constexpr uint64_t kTokenisationVersion = 2;     // raised whenever the same text would give other ids or another hash

// Text of some pairs and, later, their ids.
struct Chunk {
  int64_t lines_before = 0;
  std::string text;          // source, target, source, ...
  std::vector<size_t> ends;  // of each sentence in `text`
  std::vector<std::vector<int32_t>> ids;

  int64_t pairs() const { return static_cast<int64_t>(ends.size() / 2); }
  void Clear() {
    lines_before += pairs();
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

void Encode(const CorpusVocabularies& vocabs, WorkerPool* pool, Chunk* chunk) {
  chunk->ids.resize(std::max(chunk->ids.size(), chunk->ends.size()));
  std::atomic<size_t> next{0};
  constexpr size_t kStep = 32;  // even, so that a step begins with a source sentence
  pool->Run([&](int) {
    for (size_t begin = next.fetch_add(kStep); begin < chunk->ends.size(); begin = next.fetch_add(kStep)) {
      for (size_t i = begin; i < std::min(begin + kStep, chunk->ends.size()); ++i) {
        chunk->ids[i] = (i % 2 == 0 ? vocabs.src : vocabs.tgt).Encode(chunk->Sentence(i));
      }
    }
  });
}

void Truncate(int max_len, int64_t line, std::vector<int32_t>* ids, Finding* truncated) {
  if (static_cast<int64_t>(ids->size()) < max_len) return;
  ids->resize(static_cast<size_t>(max_len - 1));
  truncated->Add(line);
}

uint64_t HashOfLines(const std::string& path, const std::string& name, const std::function<void()>& check) {
  constexpr int64_t kLinesBetweenChecks = 4096;
  LineReader reader(path, name, kMaxLineBytes);
  ByteHash hash;
  std::string_view line;
  for (int64_t lines = 0; reader.Next(&line); ++lines) {
    if (lines % kLinesBetweenChecks == 0) check();
    hash.Add(line);
    hash.Add("\n");
  }
  return hash.Value();
}

[[noreturn]] void FailWithoutPairs(const ParallelInput& input, int64_t empty_pairs) {
  const std::string other = input.format == PairFormat::kTwoFiles ? " and " + input.TargetName() : "";
  throw FileError(
      input.SourceName() + other,
      fmt::format("no sentence pairs ({} empty); expected text on both sides; check the file names", empty_pairs));
}

}  // namespace

bool TakePair(const CorpusOptions& options, const CorpusVocabularies& vocabs, int64_t line, std::vector<int32_t>* src,
              std::vector<int32_t>* tgt, CorpusReport* report) {
  const bool has_text = !src->empty() && !tgt->empty();
  Truncate(options.max_src_len, line, src, &report->src_truncated);
  Truncate(options.max_tgt_len, line, tgt, &report->tgt_truncated);
  if (!has_text) {
    report->empty_pairs.Add(line);
    return false;
  }
  ++report->pairs;
  report->src_tokens += static_cast<int64_t>(src->size()) + 1;
  report->tgt_tokens += static_cast<int64_t>(tgt->size()) + 1;
  report->src_unknown.Add(line, std::count(src->begin(), src->end(), vocabs.src.unk_id()));
  report->tgt_unknown.Add(line, std::count(tgt->begin(), tgt->end(), vocabs.tgt.unk_id()));
  return true;
}

RereadableInput::RereadableInput(const ParallelInput& input, const std::string& base, FileSystem* files,
                                 const std::function<void()>& check)
    : files_(files), copies_{base + ".src.copy", base + ".tgt.copy"}, input_(input) {
  RemoveCopies();
  const bool two_files = input.format == PairFormat::kTwoFiles;
  if (two_files && input.source == input.target && CanBeReadOnlyOnce(input.source)) {
    throw OptionError(
        fmt::format("source and target are both \"{}\", which can be read once only; give a file for one of them, or "
                    "pairs as TSV",
                    input.source));
  }
  try {
    if (CanBeReadOnlyOnce(input.source)) {
      input_.source_name = input.SourceName();
      CopyInput(files, input.source, input_.source = copies_[0], check);
    }
    if (two_files && CanBeReadOnlyOnce(input.target)) {
      input_.target_name = input.TargetName();
      CopyInput(files, input.target, input_.target = copies_[1], check);
    }
  } catch (...) {
    RemoveCopies();
    throw;
  }
}

RereadableInput::~RereadableInput() { RemoveCopies(); }

void RereadableInput::RemoveCopies() {
  for (const std::string& copy : copies_) {
    try {
      RemoveAll(*files_, copy);
    } catch (const Error&) {  // it stays behind until the next start
    }
  }
}

uint64_t CorpusFingerprint(const ParallelInput& input, const CorpusVocabularies& vocabs, const CorpusOptions& options) {
  uint64_t hash = HashMix(kTokenisationVersion);
  const auto add = [&hash](uint64_t value) { hash = HashCombine(hash, value); };
  add(static_cast<uint64_t>(input.format));
  add(HashOfLines(input.source, input.SourceName(), options.check));
  if (input.format == PairFormat::kTwoFiles) add(HashOfLines(input.target, input.TargetName(), options.check));
  if (input.format == PairFormat::kJsonl) {
    add(HashBytes(input.source_key));
    add(HashBytes(input.target_key));
  }
  add(vocabs.src.fingerprint());
  add(vocabs.tgt.fingerprint());
  add(static_cast<uint64_t>(options.max_src_len));
  add(static_cast<uint64_t>(options.max_tgt_len));
  return hash;
}

void BuildSpool(const ParallelInput& input, const CorpusVocabularies& vocabs, const CorpusOptions& options,
                uint64_t fingerprint, const std::string& path, FileSystem* files) {
  ParallelReader reader(input);
  SpoolWriter writer(files, path, fingerprint, std::max(vocabs.src.size(), vocabs.tgt.size()) <= 65536 ? 2 : 4);
  WorkerPool pool(options.threads);
  CorpusReport report;
  Chunk chunk;
  std::string_view src;
  std::string_view tgt;
  for (bool more = true; more; chunk.Clear()) {
    options.check();
    while (!chunk.full() && (more = reader.Next(&src, &tgt))) {
      chunk.Add(src);
      chunk.Add(tgt);
    }
    Encode(vocabs, &pool, &chunk);
    for (int64_t i = 0; i < chunk.pairs(); ++i) {
      std::vector<int32_t>* ids = &chunk.ids[static_cast<size_t>(2 * i)];
      if (TakePair(options, vocabs, chunk.lines_before + i + 1, &ids[0], &ids[1], &report)) {
        writer.AddPair(ids[0], ids[1]);
      }
    }
  }
  report.crlf_lines = reader.notes().crlf_lines;
  report.bom_files = reader.notes().bom_files;
  if (report.pairs == 0) FailWithoutPairs(input, report.empty_pairs.count);
  if (report.pairs > INT64_C(0xFFFFFFFF)) {
    throw FileError(input.SourceName(), "more than 4,294,967,295 pairs; expected fewer; split the corpus");
  }
  writer.Finish(report);
}

}  // namespace dragoman
