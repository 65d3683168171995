// SPDX-License-Identifier: Apache-2.0
#include "decode/attention_map.h"

#include <utility>

#include "base/error.h"
#include "decode/engine.h"
#include "decode/tokenized_line.h"
#include "kernels/elementwise.h"
#include "tensor/packed.h"

namespace dragoman {
namespace {

Hypothesis BestTranslation(const TranslationModel& loaded, std::span<const int32_t> source,
                           const DecodeOptions& options) {
  options.Validate();
  const InferenceModel model(*loaded.model);
  Engine engine(model, GenerationRulesOf(*loaded.vocabs.tgt, model.config().tgt_vocab));
  engine.Add({.source = source, .options = &options});
  while (true) {
    for (SearchResult& result : engine.Step()) {
      if (!result.error.empty()) throw NumericError(result.error);
      return std::move(result.hypotheses.front());
    }
  }
}

void RequireFinite(const AttentionTrace& trace) {
  for (const AttentionTrace::Entry& entry : trace.entries) {
    if (kernels::AllFinite(entry.weights)) continue;
    throw NumericError(entry.path +
                       ": the model gives weights that are not finite for this pair; its own weights are damaged, take "
                       "an earlier checkpoint");
  }
}

std::vector<std::string> Pieces(const Tokenizer& vocab, const std::vector<int32_t>& tokens) {
  std::vector<std::string> pieces;
  for (const int32_t token : tokens) pieces.push_back(vocab.Piece(token));
  return pieces;
}

// The pieces of each segment, which is what the decoder attends to, as one text.
std::vector<std::string> JoinSegments(const std::vector<std::string>& pieces, const SourceSegments& segments) {
  const Packing of_tokens = segments.of_tokens();
  std::vector<std::string> joined;
  for (int64_t s = 0; s < of_tokens.sentences(); ++s) {
    std::string& text = joined.emplace_back();
    for (int64_t i = 0; i < of_tokens.Length(s); ++i) text += pieces[static_cast<size_t>(of_tokens.Begin(s) + i)];
  }
  return joined;
}

}  // namespace

std::vector<float> AttentionMap::Weights(int layer, int head) const {
  const std::string suffix = ".cross_attn";
  std::vector<float> mean(target.size() * source.size(), 0.0f);
  int count = 0;
  for (const AttentionTrace::Entry& entry : trace.entries) {
    const bool is_cross = entry.path.size() > suffix.size() &&
                          entry.path.compare(entry.path.size() - suffix.size(), suffix.size(), suffix) == 0;
    if (!is_cross || (layer >= 0 && entry.path != "decoder.layers." + std::to_string(layer) + suffix)) continue;
    if (head >= 0 && entry.head != head) continue;
    ++count;
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += entry.weights[i];
  }
  if (count == 0 || layer < -1 || head < -1) {
    throw OptionError("`layer` " + std::to_string(layer) + " `head` " + std::to_string(head) +
                      " is not in the model, expected layers 0 to " + std::to_string(layers - 1) + " and heads 0 to " +
                      std::to_string(heads - 1) + ", or -1 for all");
  }
  for (float& weight : mean) weight /= static_cast<float>(count);
  return mean;
}

AttentionMap MapAttention(const TranslationModel& loaded, const std::string& source, const std::string& target,
                          const DecodeOptions& options) {
  const TransformerConfig& config = loaded.model->config();
  RequireLanguagesChosen(loaded.vocabs.src->settings(), loaded.vocabs.tgt->settings());
  RequireTokens(*loaded.vocabs.src, source, options.line_form, "source", 1);
  RequireTokens(*loaded.vocabs.tgt, target, options.line_form, "target", 1);
  const TokenizedLine src = TokenizeLine(*loaded.vocabs.src, source, config.max_src_len, options.line_form);
  if (src.tokens.empty()) throw OptionError("the sentence is empty; give a sentence to look into");
  Workspace workspace;
  PackedSentences src_batch;
  src_batch.Add(src.tokens);

  TokenizedLine tgt = TokenizeLine(*loaded.vocabs.tgt, target, config.max_tgt_len, options.line_form);
  AttentionMap map;
  map.source_truncated = src.truncated;
  map.target_truncated = tgt.truncated;
  map.repaired = src.repaired || tgt.repaired;
  map.unknown = src.unknown + tgt.unknown;
  if (tgt.tokens.empty()) {  // nothing in it, or white space
    Hypothesis translation = BestTranslation(loaded, src.tokens, options);
    tgt.tokens = std::move(translation.tokens);
    if (translation.complete) loaded.vocabs.tgt->sentence().CloseTo(&tgt.tokens);
    map.translation_cut = !translation.complete;
  }
  PackedSentences tgt_batch;
  tgt_batch.AddShiftedRight(tgt.tokens, config.decoder_start);

  map.source = Pieces(*loaded.vocabs.src, src.tokens);
  if (config.has_segments()) map.source = JoinSegments(map.source, {src_batch.view(), config.segment_end});
  map.target = Pieces(*loaded.vocabs.tgt, tgt.tokens);
  map.layers = config.decoder_layers;
  map.heads = config.heads;
  const EncodedSource encoded = loaded.model->Encode(workspace, src_batch.view(), &map.trace);
  loaded.model->Decode(workspace, tgt_batch.view(), encoded, &map.trace);
  RequireFinite(map.trace);
  return map;
}

}  // namespace dragoman
