// SPDX-License-Identifier: Apache-2.0
// TokenCorpus: all sentence pairs as token ids, on disk, with only their lengths in memory.
#ifndef DRAGOMAN_DATA_TOKEN_CORPUS_H_
#define DRAGOMAN_DATA_TOKEN_CORPUS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "data/corpus_builder.h"
#include "data/corpus_report.h"
#include "data/parallel_reader.h"
#include "data/token_spool.h"
#include "text/tokenizer.h"

namespace dragoman {

// Immutable once open; any number of threads may read at once. Move-only. Memory: about 4.1 bytes a pair.
class TokenCorpus {
 public:
  // Returns the corpus of `inputs`, one after the other. If the file at `spool_path` was made from the same text with
  // the same vocabularies and options, and is whole, it is used; otherwise the text is tokenised into it. What can be
  // read once only (stdin, a pipe) is always tokenised. Throws FileError for text that cannot be read (see
  // ParallelReader), for an input without any pair, and when the spool cannot be written; FormatError for a vocabulary
  // without </s>.
  static TokenCorpus OpenOrBuild(std::span<const CorpusInput> inputs, const Tokenizer& src_vocab,
                                 const Tokenizer& tgt_vocab, const CorpusOptions& options,
                                 const std::string& spool_path, FileSystem& files = RealFileSystem());
  static TokenCorpus OpenOrBuild(const ParallelInput& input, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                                 const CorpusOptions& options, const std::string& spool_path,
                                 FileSystem& files = RealFileSystem());

  // Opens the corpus that another process made at `spool_path`. Nothing when the file is not there, not whole or has
  // another fingerprint().
  static std::optional<TokenCorpus> Open(const std::string& spool_path, uint64_t fingerprint,
                                         const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                                         FileSystem& files = RealFileSystem());

  const std::string& path() const { return path_; }
  int64_t size() const { return static_cast<int64_t>(lengths_.size()); }
  std::span<const PairLengths> lengths() const { return lengths_; }  // of the templates too

  // Appends the ids of pair `pair` to *src and *tgt, each in its side's template (with </s> at its end). Throws
  // FileError when the spool cannot be read or has changed.
  void AppendPair(int64_t pair, std::vector<int32_t>* src, std::vector<int32_t>* tgt) const;

  const CorpusReport& report() const { return report_; }              // of all inputs together
  std::span<const CorpusReport> reports() const { return reports_; }  // of each, whose pairs follow each other
  bool reused() const { return reused_; }                             // an earlier run's spool was whole and the same

  // A hash of the text, the vocabularies and the options: what a run must find again to continue as if never stopped.
  uint64_t fingerprint() const { return fingerprint_; }
  // Throws OptionError, saying what to do, unless fingerprint() is the one a checkpoint holds.
  void RequireFingerprint(uint64_t expected) const;

 private:
  TokenCorpus(std::string path, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, OpenSpool spool);
  void BuildIndex();

  std::string path_;
  std::unique_ptr<ReadableFile> file_;
  int id_bytes_ = 2;
  SentenceTemplate src_template_, tgt_template_;
  int32_t src_vocab_ = 0;
  int32_t tgt_vocab_ = 0;
  uint64_t fingerprint_ = 0;
  bool reused_ = false;
  CorpusReport report_;
  std::vector<CorpusReport> reports_;
  std::vector<PairLengths> lengths_;
  std::vector<uint64_t> block_starts_;  // of every 64th pair, in ids from the first; the rest is summed from lengths_
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_TOKEN_CORPUS_H_
