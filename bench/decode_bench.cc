// SPDX-License-Identifier: Apache-2.0
// Decoding alone, on one thread: sentences of one length, translated into one length by a model that has learnt
// nothing. So a change of the engine can be measured without training anything.
//   decode_bench PRESET PRECISION [BEAM [SENTENCES [TOKENS [VOCAB]]]]     tiny int8 4 256 14 8000
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/timer.h"
#include "decode/engine.h"
#include "model/transformer.h"

namespace dragoman {
namespace {

struct Settings {
  std::string preset = "tiny";
  WeightFormat format = WeightFormat::kInt8;
  int beam = 4, sentences = 256, tokens = 14, vocab = 8000;
};

void Run(const Settings& settings) {
  TransformerConfig config = TransformerConfig::Preset(settings.preset);
  config.src_vocab = config.tgt_vocab = settings.vocab;
  Transformer weights(config);
  weights.Initialize(/*seed=*/1);
  const InferenceModel model(weights, settings.format);
  DecodeOptions options;
  options.beam_size = settings.beam;
  options.min_length = settings.tokens + 1;  // with </s>, where the limit cuts
  options.max_length = settings.tokens;
  Rng rng(1);
  std::vector<std::vector<int32_t>> sources(static_cast<size_t>(settings.sentences));
  for (std::vector<int32_t>& source : sources) {
    for (int i = 0; i + 1 < settings.tokens; ++i) {
      source.push_back(3 + static_cast<int32_t>(rng.Below(static_cast<uint64_t>(settings.vocab - 3))));
    }
    source.push_back(2);
  }
  double best = 1e30;
  for (int round = 0; round < 3; ++round) {
    Engine engine(model, {.eos = 2});
    const Timer timer;
    size_t next = 0;
    while (next < sources.size() || !engine.idle()) {
      for (; next < sources.size() && engine.HasRoom(); ++next) {
        engine.Add({static_cast<int64_t>(next), sources[next], &options, 0});
      }
      engine.Step();
    }
    best = std::min(best, timer.Seconds());
  }
  const double tokens = static_cast<double>(settings.sentences) * settings.tokens;
  const OperationCounts counts = config.Operations();
  const double products = tokens * (settings.beam * counts.tgt_token + counts.src_token);
  fmt::print("{} {}, beam {}: {:.0f} target tokens/s, products at {:.0f} GFLOP/s\n", settings.preset,
             EnumName(settings.format), settings.beam, tokens / best, 2e-9 * products / best);
}

}  // namespace
}  // namespace dragoman

int main(int argc, char** argv) {
  dragoman::Settings settings;
  if (argc > 1) settings.preset = argv[1];
  if (argc > 2) settings.format = dragoman::ParseEnum<dragoman::WeightFormat>(argv[2]).value();
  int* const numbers[] = {&settings.beam, &settings.sentences, &settings.tokens, &settings.vocab};
  for (int i = 3; i < argc && i < 7; ++i) *numbers[i - 3] = std::atoi(argv[i]);
  dragoman::Run(settings);
}
