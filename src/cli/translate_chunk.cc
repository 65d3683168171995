// SPDX-License-Identifier: Apache-2.0
#include "cli/translate_chunk.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/byte_hash.h"
#include "base/counted.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "base/option_text.h"
#include "comm/packed_strings.h"

namespace dragoman {
namespace {

std::string ToJson(const TranslatedLine& line, int64_t number, bool n_best) {
  const auto one = [](const Translation& t) {
    return nlohmann::ordered_json{
        {"translation", t.text}, {"score", t.score}, {"log_prob", t.log_prob}, {"complete", t.complete}};
  };
  nlohmann::ordered_json json = {{"line", number}};
  json.update(one(line.n_best.front()));
  json["truncated"] = line.truncated;
  json["repaired"] = line.repaired;
  if (!line.error.empty()) json["error"] = line.error;
  if (n_best) {
    json["n_best"] = nlohmann::ordered_json::array();
    for (const Translation& translation : line.n_best) json["n_best"].push_back(one(translation));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Printed(const TranslateFlags& flags, const TranslatedLine& line, int64_t number) {
  if (flags.format == LineFormat::kJsonl) return ToJson(line, number, flags.n_best) + "\n";
  if (!flags.n_best) return OneLine(line.n_best.front().text) + "\n";
  std::string text;
  for (const Translation& t : line.n_best) {
    text += fmt::format("{} ||| {} ||| {:.6f}\n", number, OneLine(t.text), t.score);
  }
  return text;
}

uint64_t FingerprintOf(const TranslateFlags& flags, const TranslationModel& opened) {
  const DecodeOptions& d = flags.decode;
  const std::string options = fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", EnumName(flags.format), flags.n_best, d.beam_size,
      EnumName(d.length_penalty), d.alpha, EnumName(d.stopping), d.n_best, d.max_length_factor, d.max_length,
      d.allow_unk, d.sample, d.temperature, d.top_k, d.top_p, d.seed, opened.model->config().ToJson());
  const uint64_t vocabs = HashCombine(opened.vocabs.src->fingerprint(), opened.vocabs.tgt->fingerprint());
  const std::span<const float> weights = std::as_const(*opened.model).parameters().values();
  return HashCombine(HashCombine(HashBytes(options), vocabs), HashBytes(BytesOf(weights)));
}

template <size_t kCount>
std::string NumbersToBytes(const std::array<int64_t, kCount>& numbers) {
  return std::string(BytesOf(std::span<const int64_t>(numbers)));
}
template <size_t kCount>
std::array<int64_t, kCount> BytesToNumbers(const std::string& bytes) {
  std::array<int64_t, kCount> numbers{};
  DRAGOMAN_CHECK(bytes.size() == sizeof(numbers));
  std::memcpy(numbers.data(), bytes.data(), sizeof(numbers));
  return numbers;
}

}  // namespace

void TranslationCounts::Add(const TranslatedLine& line) {
  ++lines;
  truncated += line.truncated;
  repaired += line.repaired;
  cut += line.error.empty() && !line.n_best.front().complete;
  failed += !line.error.empty();
}

void TranslationCounts::Add(const TranslationCounts& other) {
  lines += other.lines;
  truncated += other.truncated;
  repaired += other.repaired;
  cut += other.cut;
  failed += other.failed;
}

void TranslationCounts::Report(const TransformerConfig& config) const {
  if (truncated > 0) {
    std::cerr << fmt::format(
        "dragoman: cut {} to the model's {} tokens; the left part was translated (--format jsonl marks them)\n",
        Counted(truncated, "line"), config.max_src_len);
  }
  if (repaired > 0) {
    std::cerr << fmt::format("dragoman: read invalid UTF-8 or NUL bytes of {} as U+FFFD or a space\n",
                             Counted(repaired, "line"));
  }
  if (cut > 0) {
    std::cerr << fmt::format(
        "dragoman: cut {} at the length limit (--max-length, --max-length-factor; the model's own is {} tokens)\n",
        Counted(cut, "translation"), config.max_tgt_len);
  }
  if (failed > 0) {
    std::cerr << fmt::format("dragoman: {} could not be translated: their output is empty\n", Counted(failed, "line"));
  }
}

std::string Chunk::Pack() const {
  std::vector<std::string> parts = lines;
  parts.push_back(NumbersToBytes<1>({first_line}));
  return PackStrings(parts);
}

Chunk Chunk::Unpack(std::string_view packed) {
  Chunk chunk{0, UnpackStrings(packed)};
  chunk.first_line = BytesToNumbers<1>(chunk.lines.back())[0];
  chunk.lines.pop_back();
  return chunk;
}

std::string TranslatedChunk::Pack() const {
  const std::string numbers =
      NumbersToBytes<5>({counts.lines, counts.truncated, counts.repaired, counts.cut, counts.failed});
  return PackStrings(std::array{output, complaints, numbers});
}

TranslatedChunk TranslatedChunk::Unpack(std::string_view packed) {
  std::vector<std::string> parts = UnpackStrings(packed);
  DRAGOMAN_CHECK(parts.size() == 3);
  const auto n = BytesToNumbers<5>(parts[2]);
  return {std::move(parts[0]), std::move(parts[1]), {n[0], n[1], n[2], n[3], n[4]}};
}

ChunkTranslator::ChunkTranslator(const TranslateFlags& flags, const TranslationModel& model, WorkerPool& pool)
    : flags_(flags),
      translator_(*model.model, *model.vocabs.src, *model.vocabs.tgt, flags.decode, pool),
      fingerprint_(flags.output.empty() ? 0 : FingerprintOf(flags, model)) {}

TranslatedChunk ChunkTranslator::Translate(const Chunk& chunk) {
  TranslatedChunk translated;
  int64_t number = chunk.first_line;
  for (const TranslatedLine& line : translator_.TranslateAllPossible(chunk.lines, chunk.first_line)) {
    translated.counts.Add(line);
    translated.output += Printed(flags_, line, number);
    if (!line.error.empty()) {
      translated.complaints += fmt::format("dragoman: input line {}: {}\n", number + 1, line.error);
    }
    ++number;
  }
  return translated;
}

uint64_t ChunkTranslator::Fingerprint(const Chunk& chunk) const {
  return HashCombine(fingerprint_, HashBytes(chunk.Pack()));
}

}  // namespace dragoman
