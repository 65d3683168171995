// SPDX-License-Identifier: Apache-2.0
#include "text/vocab_trainer.h"

#include <fmt/format.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/blank.h"
#include "text/model_proto_check.h"

namespace dragoman {
namespace {

constexpr size_t kMaxSentenceBytes = 4096;   // SentencePiece would skip longer ones; we cut them
constexpr int64_t kMostMegabytes = 1 << 20;  // a terabyte
constexpr const char* kWhiteSpace = " \t\n\v\f\r";
// SentencePiece's own mark for a space, U+2581, and for a rare character, U+2585: it drops sentences with the latter.
constexpr const char* kReservedCharacters[] = {"\xE2\x96\x81", "\xE2\x96\x85"};

class SampleIterator : public sentencepiece::SentenceIterator {
 public:
  explicit SampleIterator(std::vector<std::string> sentences) : sentences_(std::move(sentences)) {}
  bool done() const override { return next_ >= sentences_.size(); }
  void Next() override {
    std::string().swap(sentences_[next_]);  // the trainer has its own copy by now
    ++next_;
  }
  const std::string& value() const override { return sentences_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> sentences_;
  size_t next_ = 0;
};

// False for text that a normalisation might reduce to nothing: the trainer ends the whole process when none is left.
bool HasVisibleText(std::string_view text) {
  for (size_t i = 0; i < text.size(); i += Utf8Length(text[i])) {
    const char32_t c = CodePointAt(text, i);
    if (!IsInvisible(c) && c != 0xFFFD) return true;
  }
  return false;
}

// The trainer takes lists as comma-separated values.
std::string Csv(const std::vector<std::string>& symbols) {
  std::string csv;
  for (const std::string& symbol : symbols) {
    csv += csv.empty() ? "\"" : ",\"";
    for (const char c : symbol) csv += c == '"' ? "\"\"" : std::string(1, c);
    csv += '"';
  }
  return csv;
}

void CheckSymbols(const std::vector<std::string>& symbols, bool byte_fallback) {
  std::unordered_set<std::string> seen = {"<unk>", "<s>", "</s>"};
  for (const std::string& symbol : symbols) {
    std::string problem;
    if (symbol.empty())
      problem = "an empty symbol";
    else if (symbol.size() > 256)
      problem = "a symbol of " + std::to_string(symbol.size()) + " bytes";
    else if (!IsValidUtf8(symbol))
      problem = "a symbol that is not UTF-8";
    else if (symbol.find_first_of(kWhiteSpace) != std::string::npos)
      problem = "a symbol with white space";
    else if (symbol.find('\0') != std::string::npos)
      problem = "a symbol with a NUL byte";
    else if (std::ranges::any_of(kReservedCharacters, [&](const char* c) { return symbol.find(c) != symbol.npos; }))
      problem = "\"" + symbol + "\" with U+2581 or U+2585, which SentencePiece keeps for itself";
    else if (byte_fallback && symbol.size() == 6 && symbol.starts_with("<0x"))
      problem = "\"" + symbol + "\", a byte";
    else if (!seen.insert(symbol).second)
      problem = "\"" + symbol + "\" twice or built in";
    if (!problem.empty()) {
      throw OptionError("`symbols`: found " + problem +
                        "; expected different symbols of 1 to 256 bytes of UTF-8 without white space; remove it");
    }
  }
  if (PrefixesNestDeeperThan(std::vector<std::string_view>(seen.begin(), seen.end()), 63)) {
    throw OptionError("`symbols`: more than 63 symbols begin alike, each a prefix of the next; use fewer");
  }
}

// "... Please set it to a value <= 123." and "... smaller than required_chars. 300 vs 456. ..." are the trainer's two
// complaints about the size.
[[noreturn]] void ThrowSizeError(const VocabOptions& options, const std::string& message) {
  int most = 0;
  int found = 0;
  int needed = 0;
  const size_t high = message.find("value <= ");
  const size_t low = message.find("required_chars. ");
  if (high != std::string::npos && std::sscanf(message.c_str() + high, "value <= %d", &most) == 1) {
    throw VocabSizeError(fmt::format("`size` {}: too large for this text, which yields at most {} pieces; expected "
                                     "`size` {} or less; lower it or give more text",
                                     options.size, most, most),
                         most);
  }
  if (low != std::string::npos &&
      std::sscanf(message.c_str() + low, "required_chars. %d vs %d", &found, &needed) == 2) {
    throw VocabSizeError(
        fmt::format("`size` {}: too small, the text's characters and the special tokens alone need {}; "
                    "expected `size` {} or more; raise it, or lower `character_coverage` {}",
                    options.size, needed, needed, options.character_coverage),
        needed);
  }
  throw OptionError(
      fmt::format("`input`: SentencePiece cannot train a vocabulary of `size` {} ({}); expected text "
                  "with enough different words; give more text or lower `size`",
                  options.size, message));
}

}  // namespace

const EnumNames<VocabType>& NamesOf(VocabType) {
  static const EnumNames<VocabType> names = {{"unigram", VocabType::kUnigram}, {"bpe", VocabType::kBpe}};
  return names;
}

const EnumNames<Normalization>& NamesOf(Normalization) {
  static const EnumNames<Normalization> names = {{"none", Normalization::kNone},
                                                 {"nfkc", Normalization::kNfkc},
                                                 {"nmt_nfkc", Normalization::kNmtNfkc},
                                                 {"nfkc_cf", Normalization::kNfkcCf},
                                                 {"nmt_nfkc_cf", Normalization::kNmtNfkcCf}};
  return names;
}

void VocabOptions::Validate() const {
  const int special = 3 + static_cast<int>(symbols.size()) + (byte_fallback ? 256 : 0);
  if (size <= special || size > kMaxVocabularyPieces) {
    throw OptionError(
        fmt::format("`size` {}: out of range; expected {} to {} (special tokens, symbols and bytes take "
                    "{}); a few thousand is usual",
                    size, special + 1, kMaxVocabularyPieces, special));
  }
  if (!(character_coverage >= 0.98 && character_coverage <= 1.0)) {
    throw OptionError(fmt::format("`character_coverage` {}: out of range; expected 0.98 to 1", character_coverage));
  }
  if (max_sentences < 0) {
    throw OptionError(fmt::format("`max_sentences` {}: negative; expected a number, or 0 for no limit", max_sentences));
  }
  if (max_megabytes < 0 || max_megabytes > kMostMegabytes) {
    throw OptionError(fmt::format("`max_megabytes` {}: out of range; expected 1 to {}, or 0 for no limit",
                                  max_megabytes, kMostMegabytes));
  }
  if (threads < 1 || threads > 128) {
    throw OptionError(fmt::format("`threads` {}: out of range; expected 1 to 128", threads));
  }
  CheckSymbols(symbols, byte_fallback);
}

VocabTrainer::VocabTrainer(const VocabOptions& options)
    : options_(options), sample_(options.max_sentences, options.max_megabytes << 20) {
  options_.Validate();
}

void VocabTrainer::Add(std::string_view sentence) {
  while (sentence.size() > kMaxSentenceBytes) {
    size_t cut = sentence.rfind(' ', kMaxSentenceBytes);
    if (cut == std::string_view::npos || cut == 0) {
      cut = kMaxSentenceBytes;
      while (IsUtf8Continuation(sentence[cut])) --cut;
    }
    AddPart(sentence.substr(0, cut));
    sentence.remove_prefix(cut);
  }
  AddPart(sentence);
}

void VocabTrainer::AddPart(std::string_view part) {
  scratch_.assign(part);
  for (char& c : scratch_) {
    if (std::string_view(kWhiteSpace).find(c) != std::string_view::npos) c = ' ';
  }
  for (const char* reserved : kReservedCharacters) {
    size_t at = 0;
    while ((at = scratch_.find(reserved, at)) != std::string::npos) {
      scratch_[at] = ' ';
      scratch_.erase(at + 1, 2);
    }
  }
  if (HasVisibleText(scratch_)) sample_.Add(scratch_);
}

std::string VocabTrainer::Train() {
  if (sample_.kept() == 0) {
    throw OptionError("`input`: no text in it, only empty lines; expected sentences; check the file names");
  }
  const bool keep = options_.normalization == Normalization::kNone;
  const std::string normalization = keep ? "identity" : std::string(EnumName(options_.normalization));
  std::unordered_map<std::string, std::string> flags = {
      {"model_type", std::string(EnumName(options_.type))},
      {"vocab_size", std::to_string(options_.size)},
      {"byte_fallback", options_.byte_fallback ? "true" : "false"},
      {"character_coverage", fmt::format("{}", options_.character_coverage)},
      {"normalization_rule_name", normalization},
      {"max_sentence_length", std::to_string(4 * kMaxSentenceBytes)},
      {"num_threads", std::to_string(options_.threads)},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"minloglevel", "3"},  // its log would be several hundred lines; errors come back as a status
  };
  if (!options_.symbols.empty()) flags["user_defined_symbols"] = Csv(options_.symbols);
  SampleIterator sentences(sample_.Take());
  std::string model;
  std::string problem;
  try {
    const auto status = sentencepiece::SentencePieceTrainer::Train(flags, &sentences, &model);
    if (!status.ok()) problem = status.ToString();
  } catch (const std::bad_alloc&) {  // nothing that is wrong with the text
    throw;
  } catch (const std::system_error&) {
    throw;
  } catch (const std::exception& e) {
    problem = e.what();
  }
  if (!problem.empty()) ThrowSizeError(options_, problem);
  return model;
}

}  // namespace dragoman
