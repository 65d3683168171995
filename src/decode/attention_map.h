// SPDX-License-Identifier: Apache-2.0
// The look inside: which source tokens each target token attends to.
#ifndef DRAGOMAN_DECODE_ATTENTION_MAP_H_
#define DRAGOMAN_DECODE_ATTENTION_MAP_H_

#include <string>
#include <vector>

#include "decode/options.h"
#include "format/model_directory.h"
#include "nn/attention_trace.h"

namespace dragoman {

// Cross-attention of one sentence pair.
struct AttentionMap {
  std::vector<std::string> source;  // pieces, </s> last; of a model with segments those of a segment in one
  std::vector<std::string> target;  // pieces, </s> last unless it was cut: row t holds the weights that chose target[t]
  int layers = 0;
  int heads = 0;
  bool source_truncated = false;  // longer than the model's limit: the left part was kept
  bool target_truncated = false;  // the same of a given target
  bool translation_cut = false;   // the model's own translation reached the length limit before its </s>
  bool repaired = false;          // invalid UTF-8 was read as U+FFFD, NUL as a space
  int64_t unknown = 0;            // characters of both that the vocabulary has no piece for: <unk>
  AttentionTrace trace;           // every layer's and head's weights, by path

  // Weights [target, source] of decoder layer `layer` and one head; -1 averages over all layers, all heads. Those of
  // several passes are averaged, too.
  // Rows sum to 1.
  std::vector<float> Weights(int layer, int head) const;
};

// The map of a pair, in the options' form; where the target is empty, of the best translation that the options find.
// Throws OptionError for an empty source, FileError for one that is no tokens in that form, NumericError when the model
// gives no finite weights.
AttentionMap MapAttention(const TranslationModel& model, const std::string& source, const std::string& target,
                          const DecodeOptions& options = {});

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_ATTENTION_MAP_H_
