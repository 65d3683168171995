// SPDX-License-Identifier: Apache-2.0
#include "interop/marian_shortlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "data/line_reader.h"

namespace dragoman {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 30;
constexpr uint64_t kMagic = 0xF11A48D5013417F5;
constexpr char kAdvice[] = "; take the file that the model came with";

// The first `count` of the target's tokens.
std::vector<int32_t> FirstTokens(uint64_t count, const Tokenizer& vocab) {
  std::vector<int32_t> tokens;
  const auto end = static_cast<int32_t>(std::min<uint64_t>(count, static_cast<uint64_t>(vocab.size())));
  for (int32_t id = 0; id < end; ++id) {
    if (vocab.Has(id)) tokens.push_back(id);
  }
  return tokens;
}

// The binary form: six numbers of 64 bits, offsets (one more than there are source words) of 64, target words of 32.
class BinaryShortlist {
 public:
  BinaryShortlist(std::string bytes, const std::string& path, const VocabularyPair& vocabs)
      : bytes_(std::move(bytes)), path_(path) {
    RequireSizes();
    if (MarianShortlistChecksum(bytes_) != NumberAt<uint64_t>(8)) Fail("its checksum is another");
    RequireWords(*vocabs.src);
    RequireTargets(vocabs.tgt->rows());
  }

  uint64_t frequent() const { return NumberAt<uint64_t>(16); }
  std::vector<int32_t> TargetsOf(int32_t source) const {
    std::vector<int32_t> targets;
    if (static_cast<uint64_t>(source) + 1 >= offsets_) return targets;
    for (uint64_t i = Offset(static_cast<uint64_t>(source)); i < Offset(static_cast<uint64_t>(source) + 1); ++i) {
      targets.push_back(Target(i));
    }
    return targets;
  }

 private:
  static constexpr size_t kHeader = 48;  // bytes in front of the offsets

  [[noreturn]] void Fail(const std::string& what) const { throw FormatError(path_, what + kAdvice); }

  template <class Number>
  Number NumberAt(size_t at) const {
    Number number;
    std::memcpy(&number, bytes_.data() + at, sizeof number);
    return number;
  }
  uint64_t Offset(uint64_t i) const { return NumberAt<uint64_t>(kHeader + i * sizeof(uint64_t)); }
  int32_t Target(uint64_t i) const {
    return NumberAt<int32_t>(kHeader + offsets_ * sizeof(uint64_t) + i * sizeof(int32_t));
  }

  void RequireSizes() {
    if (bytes_.size() < kHeader)
      Fail(fmt::format("ends after {} bytes, expected a header of {}", bytes_.size(), kHeader));
    const uint64_t offsets = NumberAt<uint64_t>(32), targets = NumberAt<uint64_t>(40), left = bytes_.size() - kHeader;
    const bool fit = offsets >= 1 && offsets <= left / sizeof(uint64_t) &&
                     (left - offsets * sizeof(uint64_t)) % sizeof(int32_t) == 0 &&
                     (left - offsets * sizeof(uint64_t)) / sizeof(int32_t) == targets;
    if (!fit) {
      Fail(fmt::format("speaks of {} offsets and {} words, which do not make its {} bytes", offsets, targets,
                       bytes_.size()));
    }
    offsets_ = offsets;
    targets_ = targets;
  }

  void RequireWords(const Tokenizer& vocab) const {
    const uint64_t words = offsets_ - 1;
    if (words == static_cast<uint64_t>(vocab.size()) || words == static_cast<uint64_t>(vocab.rows())) return;
    Fail(fmt::format("has lists of {} source words, but the model's vocabulary has {}: it is of another model", words,
                     vocab.size()));
  }

  void RequireTargets(int32_t rows) const {
    for (uint64_t i = 0; i + 1 < offsets_; ++i) {
      if (Offset(i) > Offset(i + 1)) Fail(fmt::format("the list of source word {} ends before it begins", i));
    }
    if (Offset(0) != 0 || Offset(offsets_ - 1) != targets_) Fail("its lists do not begin or end where its words do");
    for (uint64_t i = 0; i < targets_; ++i) {
      if (Target(i) < 0 || Target(i) >= rows) {
        Fail(fmt::format("holds target word {}, expected 0 to {}: it is of another model", Target(i), rows - 1));
      }
    }
  }

  const std::string bytes_;
  const std::string path_;
  uint64_t offsets_ = 0, targets_ = 0;
};

// What a source word may become, each with its probability.
struct Choice {
  double probability;
  int32_t target;
};

// Of a target that is there several times (words that the vocabulary lacks are all <unk>) the likeliest counts; of
// equals, as Marian has it, the higher id.
void KeepLikeliest(size_t most, std::vector<Choice>* choices) {
  const auto rank = [](const Choice& choice) { return std::pair(choice.probability, choice.target); };
  std::ranges::sort(*choices, std::ranges::greater(),
                    [](const Choice& choice) { return std::pair(choice.target, choice.probability); });
  const auto is_same = [](const Choice& a, const Choice& b) { return a.target == b.target; };
  choices->erase(std::unique(choices->begin(), choices->end(), is_same), choices->end());
  std::ranges::sort(*choices, std::ranges::greater(), rank);
  choices->resize(std::min(choices->size(), most));
}

// A line of the text: "target source probability".
struct LexicalEntry {
  std::string_view target, source;
  double probability = 0;
};

LexicalEntry EntryOf(std::string_view line, const LineReader& reader) {
  constexpr std::string_view kBlanks = " \t\v\f";
  std::array<std::string_view, 4> words;
  size_t count = 0;
  for (size_t at = line.find_first_not_of(kBlanks); at != line.npos && count < words.size();) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words[count++] = line.substr(at, end - at);
    at = line.find_first_not_of(kBlanks, end);
  }
  LexicalEntry entry{words[0], words[1]};
  const char* const end = words[2].data() + words[2].size();
  const auto [stop, error] = std::from_chars(words[2].data(), end, entry.probability);
  const bool is_number = count == 3 && error == std::errc() && stop == end && std::isfinite(entry.probability);
  if (is_number && entry.probability >= 0) return entry;
  throw FileError(reader.name(), reader.line_number(),
                  fmt::format("\"{}\" is no line of a shortlist, expected a target word, a source word and a "
                              "probability, with spaces between{}",
                              line.substr(0, 200), kAdvice));
}

// The text form, a list for each of the source's tokens.
std::vector<std::vector<Choice>> ReadChoices(const std::string& path, const MarianShortlistLimits& limits,
                                             const VocabularyPair& vocabs) {
  DRAGOMAN_CHECK(limits.per_word >= 0 && limits.per_word <= kMostOfAWord);
  const auto most = static_cast<size_t>(limits.per_word);
  std::vector<std::vector<Choice>> choices(static_cast<size_t>(vocabs.src->rows()));
  int64_t entries = 0, known = 0;
  LineReader reader(path);
  for (std::string_view line; reader.Next(&line);) {
    const LexicalEntry entry = EntryOf(line, reader);
    if (entry.source == "NULL" || entry.target == "NULL") continue;  // of no word, in the words of those who align
    const auto source = vocabs.src->Find(entry.source), target = vocabs.tgt->Find(entry.target);
    ++entries;
    known += source && target;
    if (entry.probability <= limits.threshold) continue;
    auto& of_source = choices[static_cast<size_t>(source.value_or(vocabs.src->unk_id()))];
    of_source.push_back({entry.probability, target.value_or(vocabs.tgt->unk_id())});
    if (of_source.size() > 2 * most + 64) KeepLikeliest(most, &of_source);
  }
  if (known == 0) {
    throw FileError(path, fmt::format("has {} pairs of words, of which the model's vocabularies know none, expected "
                                      "such as are cut as its text is{}",
                                      entries, kAdvice));
  }
  for (auto& of_source : choices) KeepLikeliest(most, &of_source);
  return choices;
}

}  // namespace

uint64_t MarianShortlistChecksum(std::string_view file) {
  constexpr size_t kBefore = 16;  // magic number and checksum
  uint64_t sum = 0;
  for (size_t at = kBefore; at + sizeof sum <= file.size(); at += sizeof sum) {
    uint64_t word;
    std::memcpy(&word, file.data() + at, sizeof word);
    sum ^= word + 0x9e3779b9 + (sum << 6) + (sum >> 2);
  }
  return sum;
}

bool IsBinaryMarianShortlist(FileSystem& files, const std::string& path) {
  const std::unique_ptr<ReadableFile> file = files.Open(path);
  uint64_t magic = 0;
  std::string head(sizeof magic, '\0');
  if (file->size() < std::ssize(head)) return false;
  file->Read(0, head);
  std::memcpy(&magic, head.data(), sizeof magic);
  return magic == kMagic;
}

ShortlistTables ReadMarianShortlist(FileSystem& files, const std::string& path, const MarianShortlistLimits& limits,
                                    const VocabularyPair& vocabs) {
  if (IsBinaryMarianShortlist(files, path)) {
    const BinaryShortlist binary(ReadFile(files, path, kMostBytes), path, vocabs);
    return MakeShortlist(
        FirstTokens(binary.frequent(), *vocabs.tgt), [&](int32_t source) { return binary.TargetsOf(source); }, vocabs);
  }
  if (path.ends_with(".bin")) {
    throw FormatError(path,
                      "does not begin as a binary shortlist of Marian's does (an older kind is not known here), "
                      "expected one of marian-conv, or text");
  }
  const auto choices = ReadChoices(path, limits, vocabs);
  const auto targets_of = [&](int32_t source) {
    std::vector<int32_t> targets;
    for (const Choice& choice : choices[static_cast<size_t>(source)]) targets.push_back(choice.target);
    return targets;
  };
  return MakeShortlist(FirstTokens(static_cast<uint64_t>(limits.frequent), *vocabs.tgt), targets_of, vocabs);
}

}  // namespace dragoman
