// SPDX-License-Identifier: Apache-2.0
// Trains a vocabulary. Files are read in data/vocab_files.h; this is the part that knows SentencePiece.
#ifndef DRAGOMAN_TEXT_VOCAB_TRAINER_H_
#define DRAGOMAN_TEXT_VOCAB_TRAINER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "text/sentence_sample.h"

namespace dragoman {

enum class VocabType {
  kUnigram,  // Kudo 2018a, §3.2
  kBpe       // Sennrich 2016, §3.2
};
const EnumNames<VocabType>& NamesOf(VocabType);  // "unigram", "bpe"

// What is done to text before it is cut into pieces, and so to what the model writes. SentencePiece's own names.
enum class Normalization {
  kNone,       // every character stays what it is; only runs of spaces become one
  kNfkc,       // Unicode's NFKC: full-width ，？！ become ,?! and so on
  kNmtNfkc,    // NFKC, and some more white space and invisible characters
  kNfkcCf,     // NFKC, then lower case
  kNmtNfkcCf,  // both
};
const EnumNames<Normalization>& NamesOf(Normalization);  // "none", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"

struct VocabOptions {
  int size = 8000;  // pieces, special tokens included; <unk> is 0, <s> 1, </s> 2
  VocabType type = VocabType::kUnigram;
  bool byte_fallback = false;        // characters without a piece become their UTF-8 bytes instead of <unk>
  std::vector<std::string> symbols;  // user-defined: never split, whatever the text around them
  Normalization normalization = Normalization::kNone;
  // Share of the text whose characters all get a piece, the most frequent first; the others are <unk>. 0.98 to 1:
  // all of them suits most text, 0.9995 a large corpus of Chinese or Japanese.
  double character_coverage = 1.0;
  int64_t max_sentences = 0;   // train on a random sample of at most so many; 0 is no limit
  int64_t max_megabytes = 32;  // and of at most so much text (unigram takes about 25 times as much memory)
  int threads = 16;            // a different number may round differently: leave it for the same model anywhere

  // Throws OptionError naming the option, what was found, what is allowed.
  void Validate() const;
};

// The text has another number of pieces than was asked for.
struct VocabSizeError : OptionError {
  VocabSizeError(const std::string& what, int possible_size) : OptionError(what), possible(possible_size) {}
  int possible;  // the size next to the one asked for that can be made
};

// Collects sentences, then trains. Not thread-safe.
class VocabTrainer {
 public:
  explicit VocabTrainer(const VocabOptions& options);  // validates

  // One line of valid UTF-8 without NUL (the line readers see to that). Long lines are cut at spaces, so that all of
  // their text counts; blank ones do nothing.
  void Add(std::string_view sentence);

  int64_t seen() const { return sample_.seen(); }
  int64_t kept() const { return sample_.kept(); }

  // Returns the model's bytes: the same for the same sentences and options. Throws VocabSizeError when they cannot
  // make a vocabulary of this size, naming the size that they can; OptionError for other reasons.
  std::string Train();

 private:
  void AddPart(std::string_view part);
  VocabOptions options_;
  SentenceSample sample_;
  std::string scratch_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_VOCAB_TRAINER_H_
