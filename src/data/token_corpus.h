// SPDX-License-Identifier: Apache-2.0
// TokenCorpus: all sentence pairs as token ids, on disk, with only their lengths in memory.
#ifndef DRAGOMAN_DATA_TOKEN_CORPUS_H_
#define DRAGOMAN_DATA_TOKEN_CORPUS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "data/parallel_reader.h"
#include "data/token_spool.h"
#include "text/vocabulary.h"

namespace dragoman {

struct CorpusOptions {
  int max_src_len = 512;  // tokens with </s>, 2 to 65535; longer sentences keep their left part and </s>
  int max_tgt_len = 512;
  int threads = 1;                      // that tokenise; the result does not depend on it
  std::function<void()> check = [] {};  // called now and then while reading; what it throws ends the reading
};

// Immutable once open; any number of threads may read at once. Move-only. Memory: about 4.1 bytes a pair.
class TokenCorpus {
 public:
  // Returns the corpus of `input`. If the file at `spool_path` was made from the same text with the same vocabularies
  // and limits, and is whole, it is used; otherwise the text is tokenised into it. Text from stdin is first copied to
  // SPOOL_PATH.stdin, which is removed again.
  // Throws FileError for text that cannot be read (see ParallelReader), for a corpus without any pair, and when the
  // spool cannot be written; FormatError for a vocabulary without </s>; OptionError for limits out of range.
  static TokenCorpus OpenOrBuild(const ParallelInput& input, const Vocabulary& src_vocab, const Vocabulary& tgt_vocab,
                                 const CorpusOptions& options, const std::string& spool_path,
                                 FileSystem& files = RealFileSystem());

  int64_t size() const { return static_cast<int64_t>(lengths_.size()); }
  std::span<const PairLengths> lengths() const { return lengths_; }  // </s> counted

  // Appends the ids of pair `pair` to *src and *tgt, each with </s> at its end. Throws FileError when the spool cannot
  // be read or has changed.
  void AppendPair(int64_t pair, std::vector<int32_t>* src, std::vector<int32_t>* tgt) const;

  const CorpusReport& report() const { return report_; }
  bool reused() const { return reused_; }  // an earlier run's spool was whole and the same

  // A hash of the text, the vocabularies and the limits: what a run must find again to continue as if never stopped.
  uint64_t fingerprint() const { return fingerprint_; }
  // Throws OptionError, saying what to do, unless fingerprint() is the one a checkpoint holds.
  void RequireFingerprint(uint64_t expected) const;

 private:
  TokenCorpus() = default;
  void BuildIndex();

  std::string path_;
  std::unique_ptr<ReadableFile> file_;
  int id_bytes_ = 2;
  int32_t src_eos_ = -1;
  int32_t tgt_eos_ = -1;
  int32_t src_vocab_ = 0;
  int32_t tgt_vocab_ = 0;
  uint64_t fingerprint_ = 0;
  bool reused_ = false;
  CorpusReport report_;
  std::vector<PairLengths> lengths_;
  std::vector<uint64_t> block_starts_;  // of every 64th pair, in ids from the first; the rest is summed from lengths_
};

// One human line a fact: pairs, tokens, what was skipped, cut or mended; facts that are zero are left out.
std::vector<std::string> DescribeReport(const CorpusReport& report);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_TOKEN_CORPUS_H_
