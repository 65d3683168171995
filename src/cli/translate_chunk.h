// SPDX-License-Identifier: Apache-2.0
// One chunk of input lines: from text to what `dragoman translate` prints for it.
#ifndef DRAGOMAN_CLI_TRANSLATE_CHUNK_H_
#define DRAGOMAN_CLI_TRANSLATE_CHUNK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/decode_flags.h"
#include "cli/stdout.h"
#include "decode/translator.h"
#include "format/packed_model.h"

namespace dragoman {

struct TranslateFlags {
  ModelFlags model;
  std::string input;   // "": stdin
  std::string output;  // "": stdout
  LineFormat format = LineFormat::kText;
  bool n_best = false;
  int threads = 0;
  std::optional<WeightFormat> precision;
  int chunk_lines = 0;
  DecodeOptions decode;
};

// What happened to the input on the way, for the user to know.
struct TranslationCounts {
  int64_t lines = 0, empty = 0, truncated = 0, repaired = 0, cut = 0, failed = 0;
  int64_t unknown = 0, with_unknown = 0;  // characters, lines

  bool AllFailed() const { return failed > 0 && failed == lines - empty; }
  void Add(const TranslatedLine& line);
  void Add(const TranslationCounts& other);
  void Report(const TransformerConfig& config) const;  // to stderr
};

struct Chunk {
  int64_t first_line = 0;  // its number in the whole input, from 0
  std::vector<std::string> lines;

  std::string Pack() const;
  static Chunk Unpack(std::string_view packed);  // only what Pack made
};

struct TranslatedChunk {
  std::string output;      // as printed
  std::string complaints;  // lines about input lines: for stderr
  TranslationCounts counts;

  std::string Pack() const;
  static TranslatedChunk Unpack(std::string_view packed);
};

// The bytes of a chunk's output depend on its lines, their numbers, the model and the flags alone.
class ChunkTranslator {
 public:
  // All must outlive this.
  ChunkTranslator(const TranslateFlags& flags, InferenceBundle& opened, WorkerPool& pool);

  TranslatedChunk Translate(const Chunk& chunk);

  // A hash of all that decides a chunk's output.
  uint64_t Fingerprint(const Chunk& chunk) const;

 private:
  const TranslateFlags& flags_;
  Translator translator_;
  uint64_t fingerprint_;  // of model and flags
  bool has_person_;       // at the other end, who is told of each line at once
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_TRANSLATE_CHUNK_H_
