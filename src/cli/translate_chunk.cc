// SPDX-License-Identifier: Apache-2.0
#include "cli/translate_chunk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/byte_hash.h"
#include "base/counted.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "cli/flag_text.h"
#include "comm/packed_strings.h"
#include "library/make_translator.h"

namespace dragoman {
namespace {

constexpr int kPartVersion = 2;  // raised whenever TranslatedChunk::Pack changes: older parts are not read

std::string ToJson(const TranslatedLine& line, int64_t number, bool n_best) {
  const auto one = [](const Translation& t) {
    return nlohmann::ordered_json{
        {"translation", t.text}, {"score", t.score}, {"log_prob", t.log_prob}, {"complete", t.complete}};
  };
  nlohmann::ordered_json json = {{"line", number}};
  json.update(one(line.n_best.front()));
  json["truncated"] = line.truncated;
  json["repaired"] = line.repaired;
  json["unknown"] = line.unknown;
  if (!line.error.empty()) json["error"] = WithFlags(line.error);
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

uint64_t FingerprintOf(const TranslateFlags& flags, const InferenceBundle& opened) {
  const std::string options =
      fmt::format("{} {} {} {} {} {}", kPartVersion, EnumName(flags.format), flags.n_best,
                  EnumName(opened.model->format()), flags.decode.ToJson(), opened.model->config().ToJson());
  const uint64_t vocabs = HashCombine(opened.vocabs.src->fingerprint(), opened.vocabs.tgt->fingerprint());
  const std::string_view weights =
      opened.file != nullptr ? opened.file->Bytes() : BytesOf(std::as_const(*opened.parameters).parameters().values());
  const uint64_t shortlist = opened.shortlist != nullptr ? HashBytes(opened.shortlist->bytes()) : 0;
  return HashCombine(HashCombine(HashCombine(HashBytes(options), vocabs), HashBytes(weights)), shortlist);
}

// A number, or a struct of numbers.
template <class Plain>
std::string PlainToBytes(const Plain& plain) {
  static_assert(std::is_trivially_copyable_v<Plain>);
  return std::string(reinterpret_cast<const char*>(&plain), sizeof(plain));
}
template <class Plain>
Plain BytesToPlain(const std::string& bytes) {
  static_assert(std::is_trivially_copyable_v<Plain>);
  Plain plain{};
  DRAGOMAN_CHECK(bytes.size() == sizeof(plain));
  std::memcpy(&plain, bytes.data(), sizeof(plain));
  return plain;
}

}  // namespace

void TranslationCounts::Add(const TranslatedLine& line) {
  ++lines;
  empty += line.empty;
  truncated += line.truncated;
  repaired += line.repaired;
  cut += line.error.empty() && !line.n_best.front().complete;
  failed += !line.error.empty();
  unknown += line.unknown;
  with_unknown += line.unknown > 0;
}

void TranslationCounts::Add(const TranslationCounts& other) {
  lines += other.lines;
  empty += other.empty;
  truncated += other.truncated;
  repaired += other.repaired;
  cut += other.cut;
  failed += other.failed;
  unknown += other.unknown;
  with_unknown += other.with_unknown;
}

void TranslationCounts::Report(const ModelInfo& model) const {
  if (truncated > 0) {
    std::cerr << fmt::format(
        "dragoman: cut {} to the model's {} tokens; the left part was translated (--format jsonl marks them)\n",
        Counted(truncated, "line"), model.max_source_tokens);
  }
  if (repaired > 0) {
    std::cerr << fmt::format("dragoman: read invalid UTF-8 or NUL bytes of {} as U+FFFD or a space\n",
                             Counted(repaired, "line"));
  }
  if (unknown > 0) {
    std::cerr << fmt::format(
        "dragoman: the vocabulary lacks {} of {}, translated as <unk> (--format jsonl marks them; see vocab "
        "--character-coverage, --byte-fallback)\n",
        Counted(unknown, "character"), Counted(with_unknown, "line"));
  }
  if (cut > 0) {
    std::cerr << fmt::format(
        "dragoman: cut {} at the length limit (--max-length, --max-length-factor; the model's own is {} tokens)\n",
        Counted(cut, "translation"), model.max_target_tokens);
  }
  if (failed > 0) {
    std::cerr << fmt::format("dragoman: {} could not be translated: their output is empty\n", Counted(failed, "line"));
  }
}

std::string Chunk::Pack() const {
  std::vector<std::string> parts = lines;
  parts.push_back(PlainToBytes(first_line));
  return PackStrings(parts);
}

Chunk Chunk::Unpack(std::string_view packed) {
  Chunk chunk{0, UnpackStrings(packed)};
  chunk.first_line = BytesToPlain<int64_t>(chunk.lines.back());
  chunk.lines.pop_back();
  return chunk;
}

std::string TranslatedChunk::Pack() const { return PackStrings(std::array{output, complaints, PlainToBytes(counts)}); }

TranslatedChunk TranslatedChunk::Unpack(std::string_view packed) {
  std::vector<std::string> parts = UnpackStrings(packed);
  DRAGOMAN_CHECK(parts.size() == 3);
  return {std::move(parts[0]), std::move(parts[1]), BytesToPlain<TranslationCounts>(parts[2])};
}

ChunkTranslator::ChunkTranslator(const TranslateFlags& flags, InferenceBundle opened, int threads)
    : flags_(flags),
      fingerprint_(flags.output.empty() ? 0 : FingerprintOf(flags, opened)),
      translator_(MakeTranslator(std::move(opened), {.threads = threads, .max_memory_mb = flags.max_memory_mb})),
      has_person_(flags.input.empty() && isatty(STDIN_FILENO) != 0) {}

TranslationJob ChunkTranslator::Begin(const Chunk& chunk) const {
  return translator_.Submit(chunk.lines, flags_.decode, {}, chunk.first_line);
}

TranslatedChunk ChunkTranslator::Finish(TranslationJob job, int64_t first_line) const {
  TranslatedChunk translated;
  int64_t number = first_line;
  for (const TranslatedLine& line : job.Get()) {
    translated.counts.Add(line);
    translated.output += Printed(flags_, line, number);
    if (!line.error.empty()) {
      translated.complaints += fmt::format("dragoman: input line {}: {}\n", number + 1, WithFlags(line.error));
    } else if (line.unknown > 0 && has_person_) {
      translated.complaints += fmt::format("dragoman: the vocabulary lacks {} of this line, translated as <unk>\n",
                                           Counted(line.unknown, "character"));
    }
    ++number;
  }
  return translated;
}

uint64_t ChunkTranslator::Fingerprint(const Chunk& chunk) const {
  return HashCombine(fingerprint_, HashBytes(chunk.Pack()));
}

}  // namespace dragoman
