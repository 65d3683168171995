// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_target.h"

#include "tests/fuzz/targets.h"

namespace dragoman {
namespace {

constexpr size_t kSmall = size_t{1} << 12, kMedium = size_t{1} << 14, kLarge = size_t{1} << 16;

constexpr FuzzTarget kTargets[] = {
    {"json", ReadJson, kSmall},
    {"toml", ReadTomlConfig, kSmall},
    {"yaml", ReadYaml, kSmall},
    {"text", ReadText, kMedium},
    {"safetensors", ReadSafetensors, kSmall},
    {"npz", ReadNpz, kMedium},
    {"npy", ReadNpy, kSmall},
    {"zip", ReadZip, kMedium},
    {"pickle", ReadPickleBytes, kSmall},
    {"torch", ReadTorch, kMedium},
    {"marian_binary", ReadMarianBinary, kMedium},
    {"ctranslate2_binary", ReadCTranslate2Binary, kSmall},
    {"shards", ReadShardFiles, kSmall},
    {"byte_bpe", ReadByteBpe, kMedium},
    {"byte_bpe_pair", ReadByteBpePair, kMedium},
    {"words", ReadWords, kSmall},
    {"sentencepiece", ReadSentencePiece, kMedium},
    {"charsmap", ReadCharsmap, kMedium},
    {"unigram", ReadUnigram, kMedium},
    {"config", ReadModelConfig, kSmall},
    {"tokenizer_settings", ReadTokenizerSettings, kSmall},
    {"about", ReadAboutFile, kSmall},
    {"manifest", ReadManifestFile, kSmall},
    {"train_state", ReadTrainStateFile, kSmall},
    {"decode_options", ReadDecodeOptions, kSmall},
    {"training_log", ReadTrainingLogFiles, kSmall},
    {"token_corpus", ReadTokenCorpus, kSmall},
    {"shortlist", ReadShortlist, kSmall},
    {"marian_shortlist", ReadForeignShortlist, kSmall},
    {"checkpoint", ReadCheckpoint, kLarge},
    {"huggingface", ReadHuggingFace, kLarge},
    {"marian", ReadMarian, kLarge},
    {"ctranslate2", ReadCTranslate2, kLarge},
    {"argos", ReadArgos, kLarge},
};

}  // namespace

std::span<const FuzzTarget> FuzzTargets() { return kTargets; }

bool Feed(const FuzzTarget& target, std::string_view bytes) {
  if (bytes.size() > target.most_bytes) return false;
  try {
    target.read(bytes);
    return true;
  } catch (const InternalError&) {
    throw;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace dragoman
