// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <sstream>

#include "base/byte_hash.h"
#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "data/token_spool.h"
#include "text/blank.h"

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

// most: tokens besides the template's.
void Truncate(int64_t most, int64_t line, std::vector<int32_t>* ids, Finding* truncated) {
  if (std::ssize(*ids) <= most) return;
  ids->resize(static_cast<size_t>(most));
  truncated->Add(line);
}

uint64_t HashLines(const std::string& path, const std::function<void()>& check) {
  LineReader reader(path, check);
  for (std::string_view line; reader.Next(&line);) continue;
  return reader.hash();
}

// Blank, though not the white space that has always been.
bool IsOddBlank(std::string_view sentence) {
  return sentence.find_first_not_of(" \t\v\f\r") != std::string_view::npos && IsBlank(sentence);
}

[[noreturn]] void FailWithoutPairs(const ParallelInput& input, const CorpusReport& report) {
  const std::string other = input.format == PairFormat::kTwoFiles ? " and " + input.TargetName() : "";
  std::string why = fmt::format("{} empty", report.empty_pairs.count);
  const auto add = [&why](const Finding& found, const char* option) {
    if (found.count > 0) why += fmt::format(", {} dropped by {}", found.count, option);
  };
  add(report.lopsided_pairs, "`max_length_ratio`");
  add(report.overlong_pairs, "`overlong` drop");
  if (report.short_lines.count > 0) why += fmt::format(", {} too short for `denoise`", report.short_lines.count);
  const char* const expected = input.format == PairFormat::kLines ? "text in it" : "text on both sides";
  throw FileError(input.SourceName() + other,
                  fmt::format("no sentence pairs ({}); expected {}; check the file names and options", why, expected));
}

// A tag means what it says only as a piece of its own: others would be cut, and could be part of a word.
void RequireTag(const Tokenizer& vocab, const std::string& tag) {
  std::istringstream words(tag);
  for (std::string word; words >> word;) {
    const std::optional<int32_t> id = vocab.Find(word);
    // Control pieces such as </s> are none that text can become.
    if (id && !vocab.Score(*id) && std::ranges::count(vocab.Encode(word), *id) == 1) continue;
    throw OptionError(
        fmt::format("`train_tag` has {}, which is no piece of its own in {}; make the vocabulary with `symbols` {}",
                    word, vocab.path(), word));
  }
}

// Of one text, with all that decides its ids.
uint64_t FingerprintOf(const ParallelReader::TextHash& text, const CorpusInput& from, const CorpusVocabularies& vocabs,
                       const CorpusOptions& options) {
  const ParallelInput& input = from.input;
  uint64_t hash = HashMix(kTokenisationVersion);
  const auto add = [&hash](uint64_t value) { hash = HashCombine(hash, value); };
  add(static_cast<uint64_t>(input.format));
  add(text.source);
  if (input.format == PairFormat::kTwoFiles) add(text.target);
  if (input.format == PairFormat::kJsonl) {
    add(HashBytes(input.source_key));
    add(HashBytes(input.target_key));
  }
  add(vocabs.src.fingerprint());
  add(vocabs.tgt.fingerprint());
  add(static_cast<uint64_t>(options.max_src_len));
  add(static_cast<uint64_t>(options.max_tgt_len));
  // Options that older runs did not have count only where they do something.
  if (options.overlong == Overlong::kDrop) add(HashBytes("overlong drop"));
  if (options.max_length_ratio > 0) add(HashBytes(fmt::format("max_length_ratio {}", options.max_length_ratio)));
  if (const DenoiseOptions& denoise = options.denoise; input.format == PairFormat::kLines) {
    add(HashBytes("denoise"));
    add(static_cast<uint64_t>(denoise.noise));
    add(static_cast<uint64_t>(denoise.copies));
    add(denoise.seed);
  }
  if (!from.tag.empty()) add(HashBytes("tag " + from.tag));
  return hash;
}

bool IsLopsided(size_t a, size_t b, double max_ratio) {
  return max_ratio > 0 && static_cast<double>(std::max(a, b)) > max_ratio * static_cast<double>(std::min(a, b));
}

}  // namespace

bool TakePair(const CorpusOptions& options, const CorpusVocabularies& vocabs, int64_t line, std::vector<int32_t>* src,
              std::vector<int32_t>* tgt, CorpusReport* report) {
  const bool has_text = !src->empty() && !tgt->empty();
  const auto src_around = static_cast<int64_t>(vocabs.src.sentence().size()),
             tgt_around = static_cast<int64_t>(vocabs.tgt.sentence().size());
  const int64_t src_most = options.max_src_len - src_around, tgt_most = options.max_tgt_len - tgt_around;
  const bool fits = std::ssize(*src) <= src_most && std::ssize(*tgt) <= tgt_most;
  if (has_text && IsLopsided(src->size(), tgt->size(), options.max_length_ratio)) {
    report->lopsided_pairs.Add(line);
    return false;
  }
  if (has_text && !fits && options.overlong == Overlong::kDrop) {
    report->overlong_pairs.Add(line);
    return false;
  }
  Truncate(src_most, line, src, &report->src_truncated);
  Truncate(tgt_most, line, tgt, &report->tgt_truncated);
  if (!has_text) {
    report->empty_pairs.Add(line);
    return false;
  }
  ++report->pairs;
  report->pairs_cut += !fits;
  report->src_tokens += std::ssize(*src) + src_around;
  report->tgt_tokens += std::ssize(*tgt) + tgt_around;
  report->src_unknown.Add(line, std::count(src->begin(), src->end(), vocabs.src.unk_id()));
  report->tgt_unknown.Add(line, std::count(tgt->begin(), tgt->end(), vocabs.tgt.unk_id()));
  return true;
}

std::vector<Denoiser::Pair> TakeLine(const CorpusOptions& options, const CorpusVocabularies& vocabs,
                                     const Denoiser& denoiser, int64_t line, std::vector<int32_t> ids,
                                     CorpusReport* report) {
  if (ids.empty()) {
    report->empty_pairs.Add(line);
    return {};
  }
  const auto around = static_cast<int64_t>(vocabs.src.sentence().size());
  const bool says_all = options.denoise.noise == Noise::kInfilling;  // on the target's side, too
  const int64_t most = (says_all ? std::min(options.max_src_len, options.max_tgt_len) : options.max_src_len) - around;
  if (std::ssize(ids) > most && options.overlong == Overlong::kDrop) {
    report->overlong_pairs.Add(line);
    return {};
  }
  Truncate(most, line, &ids, &report->src_truncated);
  std::vector<Denoiser::Pair> pairs = denoiser.PairsOf(line, ids);
  if (pairs.empty()) report->short_lines.Add(line);
  std::erase_if(pairs, [&](auto& pair) { return !TakePair(options, vocabs, line, &pair.src, &pair.tgt, report); });
  return pairs;
}

CorpusFingerprints FingerprintsOf(std::span<const ParallelReader::TextHash> texts, std::span<const CorpusInput> inputs,
                                  const CorpusVocabularies& vocabs, const CorpusOptions& options) {
  DRAGOMAN_CHECK(texts.size() == inputs.size() && !inputs.empty());
  uint64_t hash = FingerprintOf(texts[0], inputs[0], vocabs, options);
  for (size_t i = 1; i < inputs.size(); ++i) {
    hash = HashCombine(hash, FingerprintOf(texts[i], inputs[i], vocabs, options));
  }
  return {hash, HashCombine(hash, HashBytes("blanks"))};
}

ParallelReader::TextHash HashText(const ParallelInput& input, const std::function<void()>& check) {
  return {HashLines(input.source, check),
          input.format == PairFormat::kTwoFiles ? HashLines(input.target, check) : uint64_t{0}};
}

namespace {

// The file that all texts go into, one after the other.
class SpoolBuilder {
 public:
  SpoolBuilder(const CorpusVocabularies& vocabs, const CorpusOptions& options, const std::string& path,
               FileSystem* files)
      : vocabs_(vocabs),
        options_(options),
        pool_(options.threads),
        writer_(files, path, std::max(vocabs.src.size(), vocabs.tgt.size()) <= 65536 ? 2 : 4) {}

  CorpusReport Add(const CorpusInput& from, ParallelReader::TextHash* hash);

  bool has_odd_blanks() const { return has_odd_blanks_; }
  SpoolWriter& writer() { return writer_; }

 private:
  void TakeChunk(const Denoiser* denoiser, Chunk* chunk, CorpusReport* report);

  const CorpusVocabularies& vocabs_;
  const CorpusOptions& options_;
  WorkerPool pool_;
  SpoolWriter writer_;
  bool has_odd_blanks_ = false;
};

void SpoolBuilder::TakeChunk(const Denoiser* denoiser, Chunk* chunk, CorpusReport* report) {
  Encode(vocabs_, &pool_, chunk);
  for (int64_t i = 0; i < chunk->pairs(); ++i) {
    std::vector<int32_t>* ids = &chunk->ids[static_cast<size_t>(2 * i)];
    const int64_t line = chunk->lines_before + i + 1;
    if (denoiser != nullptr) {
      for (const auto& pair : TakeLine(options_, vocabs_, *denoiser, line, ids[0], report)) {
        writer_.AddPair(pair.src, pair.tgt);
      }
    } else if (TakePair(options_, vocabs_, line, &ids[0], &ids[1], report)) {
      writer_.AddPair(ids[0], ids[1]);
    }
  }
}

CorpusReport SpoolBuilder::Add(const CorpusInput& from, ParallelReader::TextHash* hash) {
  std::optional<Denoiser> denoiser;
  if (from.input.format == PairFormat::kLines) denoiser.emplace(vocabs_.src, vocabs_.tgt, options_.denoise);
  ParallelReader reader(from.input, options_.check);
  CorpusReport report;
  Chunk chunk;
  std::string_view src, tgt;
  std::string tagged;
  for (bool more = true; more; chunk.Clear()) {
    options_.check();
    while (!chunk.full() && (more = reader.Next(&src, &tgt))) {
      has_odd_blanks_ = has_odd_blanks_ || IsOddBlank(src) || IsOddBlank(tgt);
      if (!from.tag.empty() && !IsBlank(src)) src = tagged = fmt::format("{} {}", from.tag, src);
      chunk.Add(src);
      chunk.Add(tgt);
    }
    TakeChunk(denoiser ? &*denoiser : nullptr, &chunk, &report);
  }
  report.crlf_lines = reader.notes().crlf_lines;
  report.bom_files = reader.notes().bom_files;
  if (report.pairs == 0) FailWithoutPairs(from.input, report);
  *hash = reader.hash();
  return report;
}

}  // namespace

uint64_t BuildSpool(std::span<const CorpusInput> inputs, const CorpusVocabularies& vocabs, const CorpusOptions& options,
                    const std::string& path, FileSystem* files) {
  for (const CorpusInput& input : inputs) RequireTag(vocabs.src, input.tag);
  SpoolBuilder builder(vocabs, options, path, files);
  std::vector<CorpusReport> reports;
  std::vector<ParallelReader::TextHash> hashes;
  for (const CorpusInput& input : inputs) {
    reports.push_back(builder.Add(input, &hashes.emplace_back()));
    if (Together(reports).pairs > INT64_C(0xFFFFFFFF)) {
      throw FileError(input.input.SourceName(), "more than 4,294,967,295 pairs; expected fewer; split the corpus");
    }
  }
  const CorpusFingerprints fingerprints = FingerprintsOf(hashes, inputs, vocabs, options);
  const uint64_t fingerprint = builder.has_odd_blanks() ? fingerprints.with_blanks : fingerprints.usual;
  builder.writer().Finish(reports, fingerprint);
  return fingerprint;
}

}  // namespace dragoman
