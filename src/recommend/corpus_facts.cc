// SPDX-License-Identifier: Apache-2.0
#include "recommend/corpus_facts.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "text/blank.h"
#include "text/sentence_sample.h"

namespace dragoman {
namespace {

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t", at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

int64_t CountSentences(std::string_view text, const std::vector<std::string_view>& words) {
  int64_t count = std::ranges::count_if(
      words, [](auto word) { return std::string_view(".!?").find(word.back()) != std::string_view::npos; });
  for (const std::string_view mark : {"。", "！", "？"}) {
    for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + mark.size())) ++count;
  }
  return count;
}

// How many letters of each script there are.
using ScriptCounts = std::map<UScriptCode, int64_t>;
void CountScripts(std::string_view text, ScriptCounts* counts) {
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    UChar32 code = 0;
    U8_NEXT(text.data(), i, size, code);  // a macro of ICU that moves i on
    if (code < 0 || !u_isalpha(code)) continue;
    UErrorCode error = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(code, &error);
    if (U_SUCCESS(error)) ++(*counts)[script];
  }
}

double SharedLetters(const ScriptCounts& a, const ScriptCounts& b) {
  int64_t shared = 0, all = 0;
  // A few foreign names do not make two languages share a script: one letter in twenty does.
  const auto uses = [](const ScriptCounts& counts, UScriptCode script) {
    int64_t total = 0;
    for (const auto& [any, count] : counts) total += count;
    const auto found = counts.find(script);
    return found != counts.end() && 20 * found->second >= total;
  };
  for (const auto& [mine, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    for (const auto& [script, count] : *mine) {
      all += count;
      if (uses(*other, script)) shared += count;
    }
  }
  return all == 0 ? 1 : static_cast<double>(shared) / static_cast<double>(all);
}

// A word such as <sep>, but none that a vocabulary has by itself.
bool IsMark(std::string_view word) {
  if (word.size() < 3 || word.front() != '<' || word.back() != '>') return false;
  const std::string_view name = word.substr(1, word.size() - 2);
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (!std::ranges::all_of(name, is_plain)) return false;
  return name != "unk" && name != "s" && name != "pad" && !name.starts_with("0x");
}

// What most sources hold at least twice, and more of them than any other such.
std::string SegmentMark(const CorpusFacts& facts) {
  std::map<std::string_view, size_t> sources_with;
  for (const auto& [source, target] : facts.sample) {
    std::map<std::string_view, int> times;
    for (const std::string_view word : Words(source)) {
      if (IsMark(word)) ++times[word];
    }
    for (const auto& [mark, count] : times) sources_with[mark] += count > 1;
  }
  const auto most = std::ranges::max_element(sources_with, {}, [](const auto& mark) { return mark.second; });
  if (most == sources_with.end() || 2 * most->second <= facts.sample.size()) return "";
  return std::string(most->first);
}

void Measure(CorpusFacts* facts) {
  double src_words = 0, src_sentences = 0, tgt_words = 0, copied = 0;
  ScriptCounts src_scripts, tgt_scripts;
  std::set<std::string_view> targets;
  for (const auto& [source, target] : facts->sample) {
    const std::vector<std::string_view> src = Words(source), tgt = Words(target);
    const std::unordered_set<std::string_view> in_source(src.begin(), src.end());
    src_words += static_cast<double>(src.size());
    src_sentences += static_cast<double>(CountSentences(source, src));
    tgt_words += static_cast<double>(tgt.size());
    copied += static_cast<double>(std::ranges::count_if(tgt, [&](auto word) { return in_source.contains(word); }));
    CountScripts(source, &src_scripts);
    CountScripts(target, &tgt_scripts);
    targets.insert(target);
  }
  const auto pairs = static_cast<double>(facts->sample.size());
  facts->src_words = src_words / pairs;
  facts->src_sentences = src_sentences / pairs;
  facts->tgt_words = tgt_words / pairs;
  facts->copied = copied / std::max(1.0, tgt_words);
  facts->shared_letters = SharedLetters(src_scripts, tgt_scripts);
  facts->distinct_targets = static_cast<double>(targets.size()) / pairs;
  facts->segment_mark = SegmentMark(*facts);
}

}  // namespace

CorpusFacts CorpusFactsOf(std::span<const ParallelInput> inputs, int64_t sample_bytes,
                          const std::function<void()>& check) {
  CorpusFacts facts;
  SentenceSample sample(/*max_sentences=*/0, sample_bytes);
  std::string pair;
  for (const ParallelInput& input : inputs) {
    ParallelReader reader(input, check);
    std::string_view source, target;
    while (reader.Next(&source, &target)) {
      if (IsBlank(source) || IsBlank(target)) continue;
      ++facts.pairs;
      pair.assign(source).append(1, '\0').append(target);  // no line holds a NUL
      sample.Add(pair);
    }
  }
  for (const std::string& text : sample.Take()) {
    const size_t middle = text.find('\0');
    facts.sample.emplace_back(text.substr(0, middle), text.substr(middle + 1));
  }
  if (facts.sample.empty()) {
    throw FileError(inputs.front().SourceName(), "no pair with text on both sides to advise on; check the file names");
  }
  Measure(&facts);
  return facts;
}

}  // namespace dragoman
