// SPDX-License-Identifier: Apache-2.0
// From text to the file of a TokenCorpus. Only token_corpus.cc builds one; validation shares the rules for a pair.
#ifndef DRAGOMAN_DATA_CORPUS_BUILDER_H_
#define DRAGOMAN_DATA_CORPUS_BUILDER_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "data/corpus_report.h"
#include "data/denoiser.h"
#include "data/parallel_reader.h"
#include "text/tokenizer.h"

namespace dragoman {

// What becomes of a pair that is longer than the limits: its left part is kept, or nothing.
enum class Overlong { kCut, kDrop };

struct CorpusOptions {
  int max_src_len = 512;  // tokens with </s>, 2 to 65535
  int max_tgt_len = 512;
  Overlong overlong = Overlong::kCut;
  double max_length_ratio = 0;  // of the longer side to the shorter, in tokens; above it a pair is dropped; 0: any
  DenoiseOptions denoise;       // how pairs are made of a text alone (PairFormat::kLines)
  int threads = 1;              // that tokenise; the result does not depend on it
  std::function<void()> check = [] {};  // called now and then while reading; what it throws ends the reading
};

// One of the texts that a corpus is made of.
struct CorpusInput {
  ParallelInput input;
  std::string
      tag;  // before each source, as if it stood in the text, such as "<bt>"; words that are pieces of their own
};

struct CorpusVocabularies {
  const Tokenizer& src;
  const Tokenizer& tgt;
};

// Cuts the ids of pair `line`, without the templates, to leave room for them within the limits, and counts what it
// found. Returns false for a pair that is not to be kept: with an empty side, or by the options.
bool TakePair(const CorpusOptions& options, const CorpusVocabularies& vocabs, int64_t line, std::vector<int32_t>* src,
              std::vector<int32_t>* tgt, CorpusReport* report);

// The pairs that a line of a text alone becomes, by TakePair's rules; what is longer than the limits is cut first, so
// that both sides are of what is left.
std::vector<Denoiser::Pair> TakeLine(const CorpusOptions& options, const CorpusVocabularies& vocabs,
                                     const Denoiser& denoiser, int64_t line, std::vector<int32_t> ids,
                                     CorpusReport* report);

// Hashes of all that decides the ids: the lines of the text (not how they are packed), vocabularies, options. Which of
// the two a corpus has depends on its text; both are one to who only wants to know whether it is the same.
struct CorpusFingerprints {
  uint64_t usual = 0;
  uint64_t with_blanks = 0;  // with lines that are blank but not white space: once such were trained on
};
// texts: of each input.
CorpusFingerprints FingerprintsOf(std::span<const ParallelReader::TextHash> texts, std::span<const CorpusInput> inputs,
                                  const CorpusVocabularies& vocabs, const CorpusOptions& options);

// The hash of a text that can be read more than once.
ParallelReader::TextHash HashText(const ParallelInput& input, const std::function<void()>& check);

// Tokenises the texts, each read once, one after the other into a file at `path`, and returns its fingerprint. Throws
// FileError for text that cannot be read or has no pair, OptionError for a tag that is no piece of its own and what
// Denoiser throws.
uint64_t BuildSpool(std::span<const CorpusInput> inputs, const CorpusVocabularies& vocabs, const CorpusOptions& options,
                    const std::string& path, FileSystem* files);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_CORPUS_BUILDER_H_
