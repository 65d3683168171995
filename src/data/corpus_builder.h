// SPDX-License-Identifier: Apache-2.0
// From text to the file of a TokenCorpus. Only token_corpus.cc builds one; validation shares the rules for a pair.
#ifndef DRAGOMAN_DATA_CORPUS_BUILDER_H_
#define DRAGOMAN_DATA_CORPUS_BUILDER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "data/corpus_report.h"
#include "data/parallel_reader.h"
#include "text/vocabulary.h"

namespace dragoman {

struct CorpusOptions {
  int max_src_len = 512;  // tokens with </s>, 2 to 65535; longer sentences keep their left part and </s>
  int max_tgt_len = 512;
  int threads = 1;                      // that tokenise; the result does not depend on it
  std::function<void()> check = [] {};  // called now and then while reading; what it throws ends the reading
};

struct CorpusVocabularies {
  const Vocabulary& src;
  const Vocabulary& tgt;
};

// Cuts the ids of pair `line`, without </s>, to leave room for it within the limits, and counts what it found. Returns
// false for a pair with an empty side.
bool TakePair(const CorpusOptions& options, const CorpusVocabularies& vocabs, int64_t line, std::vector<int32_t>* src,
              std::vector<int32_t>* tgt, CorpusReport* report);

// Text that can be read twice: stdin, pipes and devices are copied to BASE.src.copy and BASE.tgt.copy, which go with
// this object (and with the next, should a crash leave them).
class RereadableInput {
 public:
  // Throws FileError when an input cannot be copied, OptionError when it is to be both sides, and what check throws.
  RereadableInput(const ParallelInput& input, const std::string& base, FileSystem* files,
                  const std::function<void()>& check);
  ~RereadableInput();
  RereadableInput(const RereadableInput&) = delete;
  RereadableInput& operator=(const RereadableInput&) = delete;

  const ParallelInput& get() const { return input_; }

 private:
  void RemoveCopies();

  FileSystem* files_;
  std::string copies_[2];
  ParallelInput input_;
};

// A hash of all that decides the ids: the lines of the text (not how they are packed), vocabularies, limits.
uint64_t CorpusFingerprint(const ParallelInput& input, const CorpusVocabularies& vocabs, const CorpusOptions& options);

// Tokenises the text into a file at `path`. Throws FileError for text that cannot be read or has no pair.
void BuildSpool(const ParallelInput& input, const CorpusVocabularies& vocabs, const CorpusOptions& options,
                uint64_t fingerprint, const std::string& path, FileSystem* files);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_CORPUS_BUILDER_H_
