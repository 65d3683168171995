// SPDX-License-Identifier: Apache-2.0
#include "data/token_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

constexpr size_t kBlock = 64;  // pairs between two entries of block_starts_

// What a kill left behind: of this version, and of older ones, which copied what can be read once only.
void RemoveLeftovers(FileSystem* files, const std::string& spool_path) {
  for (const char* suffix : {".tmp", ".src.copy", ".tgt.copy"}) RemoveAll(*files, spool_path + suffix);
}

bool IsReadOnlyOnce(const ParallelInput& input) {
  return CanBeReadOnlyOnce(input.source) || (input.format == PairFormat::kTwoFiles && CanBeReadOnlyOnce(input.target));
}

void RequireTwoStreams(const ParallelInput& input) {
  if (input.format != PairFormat::kTwoFiles || input.source != input.target || !IsReadOnlyOnce(input)) return;
  throw OptionError(
      fmt::format("source and target are both \"{}\", which can be read once only; give a file for one of them, or "
                  "pairs as TSV",
                  input.source));
}

// Whether the lengths of pairs, which count one token besides the ids, also hold the templates.
bool HaveRoomForTemplates(std::span<const PairLengths> pairs, const CorpusVocabularies& vocabs) {
  const size_t src_most = kMaxPairLength + 1 - vocabs.src.sentence().size(),
               tgt_most = kMaxPairLength + 1 - vocabs.tgt.sentence().size();
  return std::ranges::all_of(pairs,
                             [&](const PairLengths& pair) { return pair.src <= src_most && pair.tgt <= tgt_most; });
}

// Nothing, too, for a spool that no build with these vocabularies makes.
std::optional<OpenSpool> TryOpen(FileSystem* files, const std::string& path, uint64_t fingerprint,
                                 const CorpusVocabularies& vocabs) {
  std::optional<OpenSpool> spool = TryOpenSpool(files, path, fingerprint);
  if (spool && !HaveRoomForTemplates(spool->lengths, vocabs)) return std::nullopt;
  return spool;
}

// The corpus that an earlier run made of the same text. What can be read once only is not read for the question.
std::optional<OpenSpool> TryReuse(FileSystem* files, const std::string& spool_path, std::span<const CorpusInput> inputs,
                                  const CorpusVocabularies& vocabs, const CorpusOptions& options) {
  const auto once = [](const CorpusInput& input) { return IsReadOnlyOnce(input.input); };
  if (!files->Exists(spool_path) || std::ranges::any_of(inputs, once)) return std::nullopt;
  std::vector<ParallelReader::TextHash> texts;
  for (const CorpusInput& input : inputs) texts.push_back(HashText(input.input, options.check));
  const CorpusFingerprints possible = FingerprintsOf(texts, inputs, vocabs, options);
  std::optional<OpenSpool> spool = TryOpen(files, spool_path, possible.usual, vocabs);
  return spool ? std::move(spool) : TryOpen(files, spool_path, possible.with_blanks, vocabs);
}

}  // namespace

TokenCorpus TokenCorpus::OpenOrBuild(const ParallelInput& input, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                                     const CorpusOptions& options, const std::string& spool_path, FileSystem& files) {
  const CorpusInput alone{input, ""};
  return OpenOrBuild({&alone, 1}, src_vocab, tgt_vocab, options, spool_path, files);
}

TokenCorpus TokenCorpus::OpenOrBuild(std::span<const CorpusInput> inputs, const Tokenizer& src_vocab,
                                     const Tokenizer& tgt_vocab, const CorpusOptions& options,
                                     const std::string& spool_path, FileSystem& files) {
  const CorpusVocabularies vocabs{src_vocab, tgt_vocab};
  DRAGOMAN_CHECK(std::min(options.max_src_len, options.max_tgt_len) >= 2);
  DRAGOMAN_CHECK(std::max(options.max_src_len, options.max_tgt_len) <= kMaxPairLength);
  RemoveLeftovers(&files, spool_path);
  for (const CorpusInput& input : inputs) RequireTwoStreams(input.input);
  std::optional<OpenSpool> spool = TryReuse(&files, spool_path, inputs, vocabs, options);
  const bool reused = spool.has_value();
  if (!spool) {
    const uint64_t fingerprint = BuildSpool(inputs, vocabs, options, spool_path, &files);
    spool = TryOpen(&files, spool_path, fingerprint, vocabs);
    if (!spool) {
      throw FileError(spool_path,
                      "what was read back is not what was written; expected a sound disk; check it, or choose another");
    }
  }
  TokenCorpus corpus(spool_path, src_vocab, tgt_vocab, std::move(*spool));
  corpus.reused_ = reused;
  return corpus;
}

std::optional<TokenCorpus> TokenCorpus::Open(const std::string& spool_path, uint64_t fingerprint,
                                             const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                                             FileSystem& files) {
  std::optional<OpenSpool> spool = TryOpen(&files, spool_path, fingerprint, {src_vocab, tgt_vocab});
  if (!spool) return std::nullopt;
  TokenCorpus corpus(spool_path, src_vocab, tgt_vocab, std::move(*spool));
  corpus.reused_ = true;
  return corpus;
}

TokenCorpus::TokenCorpus(std::string path, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, OpenSpool spool)
    : path_(std::move(path)),
      file_(std::move(spool.file)),
      id_bytes_(static_cast<int>(spool.trailer.id_bytes)),
      src_template_(src_vocab.sentence()),
      tgt_template_(tgt_vocab.sentence()),
      src_vocab_(src_vocab.size()),
      tgt_vocab_(tgt_vocab.size()),
      fingerprint_(spool.trailer.fingerprint),
      report_(spool.trailer.report),
      reports_(std::move(spool.reports)),
      lengths_(std::move(spool.lengths)) {
  BuildIndex();
  for (PairLengths& pair : lengths_) {  // the spool's count one token, </s>, besides the ids
    pair.src = static_cast<uint16_t>(pair.src - 1 + src_template_.size());
    pair.tgt = static_cast<uint16_t>(pair.tgt - 1 + tgt_template_.size());
  }
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
  const auto src_ids = [&](size_t i) { return lengths_[i].src - src_template_.size(); };
  const auto tgt_ids = [&](size_t i) { return lengths_[i].tgt - tgt_template_.size(); };
  for (size_t i = index - index % kBlock; i < index; ++i) start += src_ids(i) + tgt_ids(i);
  const size_t src_count = src_ids(index);
  const size_t count = src_count + tgt_ids(index);
  src_template_.OpenTo(src);
  tgt_template_.OpenTo(tgt);

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
                                   "); expected the file as this run left it; start again with `resume`");
      }
      (is_src ? src : tgt)->push_back(static_cast<int32_t>(id));
    }
    done += part;
  }
  src_template_.CloseTo(src);
  tgt_template_.CloseTo(tgt);
}

void TokenCorpus::RequireFingerprint(uint64_t expected) const {
  if (expected == fingerprint_) return;
  throw OptionError(fmt::format(
      "the training data are not those of the checkpoint (fingerprint {:016x}, expected {:016x}): text, vocabulary, "
      "length limits, filters (`max_length_ratio`, `overlong`), `denoise`, `train_tag` or the list of files have "
      "changed; expected the same, so that the run can go on exactly where it stopped; give the "
      "same files and options, or start a new run from these weights with `init_from`",
      fingerprint_, expected));
}

}  // namespace dragoman
