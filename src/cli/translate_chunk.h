// SPDX-License-Identifier: Apache-2.0
// One chunk of input lines: from text to what `dragoman translate` prints for it.
#ifndef DRAGOMAN_CLI_TRANSLATE_CHUNK_H_
#define DRAGOMAN_CLI_TRANSLATE_CHUNK_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/decode_flags.h"
#include "cli/stdout.h"
#include "dragoman/translator.h"
#include "format/packed_model.h"

namespace dragoman {

struct TranslateFlags {
  ModelFlags model;
  std::string input;      // "": stdin
  std::string output;     // "": stdout
  std::string shortlist;  // "": none
  LineFormat format = LineFormat::kText;
  bool n_best = false;
  int threads = 0;
  int64_t max_memory_mb = 0;
  std::optional<WeightFormat> precision;
  int chunk_lines = 0;
  DecodeOptions decode;
  std::set<std::string> decode_given;  // keys of what the user has said of it
};

// What happened to the input on the way, for the user to know.
struct TranslationCounts {
  int64_t lines = 0, empty = 0, truncated = 0, repaired = 0, cut = 0, failed = 0;
  int64_t unknown = 0, with_unknown = 0;  // characters, lines

  bool AllFailed() const { return failed > 0 && failed == lines - empty; }
  void Add(const TranslatedLine& line);
  void Add(const TranslationCounts& other);
  void Report(const ModelInfo& model) const;  // to stderr
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
  // The flags must outlive this.
  ChunkTranslator(const TranslateFlags& flags, InferenceBundle opened, int threads);

  const ModelInfo& model() const { return translator_.model(); }
  TranslatedChunk Translate(const Chunk& chunk) const { return Finish(Begin(chunk), chunk.first_line); }
  // The same in two steps, so that another one may begin before one is done.
  TranslationJob Begin(const Chunk& chunk) const;
  TranslatedChunk Finish(TranslationJob job, int64_t first_line) const;

  // A hash of all that decides a chunk's output.
  uint64_t Fingerprint(const Chunk& chunk) const;

 private:
  const TranslateFlags& flags_;
  uint64_t fingerprint_;  // of model and flags
  Translator translator_;
  bool has_person_;  // at the other end, who is told of each line at once
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_TRANSLATE_CHUNK_H_
