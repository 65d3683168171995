// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_source.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "tensor/safetensors.h"

namespace dragoman {
namespace {

constexpr char kConfig[] = "config.json";
constexpr char kGenerationConfig[] = "generation_config.json";
constexpr int64_t kMostTokens = int64_t{1} << 24;

std::unique_ptr<TensorArchive> OpenWeights(FileSystem& files, const std::string& directory) {
  const auto at = [&](const char* name) { return JoinPath(directory, name); };
  for (const char* const name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (files.Exists(at(name))) return OpenSafetensorsArchive(files, at(name));
  }
  for (const char* const name : {"pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    if (files.Exists(at(name))) return OpenTorchArchive(files, at(name));
  }
  throw FileError(directory,
                  "holds no weights, expected model.safetensors, pytorch_model.bin or the index of either's shards; "
                  "fetch them, or, of another framework's weights, save the model with transformers once more");
}

std::optional<int32_t> TokenOf(SourceSettings& settings, const std::string& key) {
  const std::vector<int64_t> ids = settings.Integers(key);
  if (ids.empty()) return std::nullopt;
  if (ids.size() > 1 || ids[0] < 0 || ids[0] >= kMostTokens) settings.Refuse(key, "one token id");
  return static_cast<int32_t>(ids[0]);
}

// early_stopping: true, false, or "never".
const char* StoppingOf(SourceSettings& settings) {
  const std::vector<std::string> found = settings.Scalars("early_stopping");
  if (found.empty() || found == std::vector<std::string>{"false"}) return "full";
  if (found == std::vector<std::string>{"true"}) return "beam";
  if (found != std::vector<std::string>{"never"}) settings.Refuse("early_stopping", "true, false or \"never\"");
  return "bound";
}

SearchSettings SearchIn(SourceSettings& settings) {
  if (settings.Number("repetition_penalty", 1) != 1) {
    settings.Refuse("repetition_penalty", "1, as no other is applied here");
  }
  return {StoppingOf(settings),
          settings.Number("length_penalty", 1),
          settings.Integer("num_beams", 1, 256, 1),
          settings.Integer("no_repeat_ngram_size", 0, 1000, 0),
          settings.Integer("min_length", 0, kMostTokens, 0),
          settings.Integer("max_length", 0, kMostTokens, 0)};
}

void ReadGeneration(SourceSettings& settings, GenerationSettings* generation) {
  const auto take = [&](const char* key, std::optional<int32_t>* token) {
    const std::optional<int32_t> found = TokenOf(settings, key);
    if (found && *token && *found != **token) {
      settings.Refuse(key, fmt::format("{}, as config.json has it", **token));
    }
    if (found) *token = found;
  };
  take("decoder_start_token_id", &generation->decoder_start);
  take("forced_bos_token_id", &generation->forced_first);
  take("eos_token_id", &generation->eos);
  take("pad_token_id", &generation->pad);
  for (const std::vector<int64_t>& words : settings.IntegerLists("bad_words_ids")) {
    if (words.size() != 1 || words[0] < 0 || words[0] >= kMostTokens) {
      settings.Refuse("bad_words_ids", "lists of one token id each");
    }
    generation->banned.push_back(static_cast<int32_t>(words[0]));
  }
  for (const int64_t token : settings.Integers("suppress_tokens")) {
    if (token < 0 || token >= kMostTokens) settings.Refuse("suppress_tokens", "token ids");
    generation->banned.push_back(static_cast<int32_t>(token));
  }
  if (!settings.Integers("begin_suppress_tokens").empty()) {
    settings.Refuse("begin_suppress_tokens", "none, as every step has the same rules here");
  }
  generation->search = SearchIn(settings);
}

}  // namespace

// Without a number of beams generate() searches greedily, and without a length up to 20 tokens: nobody means that, so
// both are left to whoever translates.
std::string SearchSettings::ToDecodeOptions(bool allow_unk) const {
  nlohmann::ordered_json options = {{"stopping", stopping},
                                    {"length_penalty", length_penalty},
                                    {"length_penalty_form", "power"},
                                    {"allow_unk", allow_unk}};
  if (beams > 1) options["beam_size"] = beams;
  if (no_repeat_ngram > 0) options["no_repeat_ngram"] = no_repeat_ngram;
  if (min_length > 0) options["min_length"] = min_length;
  if (max_length > 1) {
    options["max_length"] = max_length - 1;  // there the token that starts the decoder counts
    options["max_length_factor"] = 1000;
  }
  return options.dump(2) + "\n";
}

HuggingFaceSource OpenHuggingFaceSource(FileSystem& files, const std::string& directory) {
  HuggingFaceSource source{files, directory, SourceSettings(files, JoinPath(directory, kConfig)), nullptr, {}};
  source.archive = OpenWeights(files, directory);
  ReadGeneration(source.config, &source.generation);
  if (source.HasFile(kGenerationConfig)) {
    SourceSettings settings(files, source.PathOf(kGenerationConfig));
    source.generation.banned.clear();
    ReadGeneration(settings, &source.generation);
  }
  std::vector<int32_t>& banned = source.generation.banned;
  std::ranges::sort(banned);
  banned.erase(std::unique(banned.begin(), banned.end()), banned.end());
  return source;
}

kernels::Activation ActivationNamed(const SourceSettings& settings, const std::string& key, const std::string& name) {
  using kernels::Activation;
  if (name == "relu") return Activation::kRelu;
  if (name == "gelu" || name == "gelu_python") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast" || name == "gelu_accurate") {
    return Activation::kGeluTanh;
  }
  if (name == "quick_gelu") return Activation::kGeluSigmoid;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  settings.Refuse(key, "relu, gelu, gelu_new, quick_gelu, silu or swish");
}

double ShortestDouble(float value) { return std::stod(fmt::format("{}", value)); }

std::string HuggingFaceName(kernels::Activation activation) {
  using kernels::Activation;
  switch (activation) {
    case Activation::kGelu:
      return "gelu";
    case Activation::kGeluTanh:
      return "gelu_new";
    case Activation::kGeluSigmoid:
      return "quick_gelu";
    case Activation::kSilu:
      return "silu";
    case Activation::kRelu:
      break;
  }
  return "relu";
}

std::string FirstThere(const TensorArchive* archive, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (archive != nullptr && archive->Has(name)) return name;
  }
  return names.front();
}

bool AreEqual(const TensorArchive& archive, const std::string& first, const std::string& second) {
  const ArchiveTensor& one = archive.Find(first);
  const ArchiveTensor& other = archive.Find(second);
  if (one.shape != other.shape) return false;
  std::vector<float> a(static_cast<size_t>(one.elements)), b(a.size());
  archive.ReadFloats(first, a);
  archive.ReadFloats(second, b);
  return a == b;
}

void IgnoreNeutralKeys(SourceSettings& config) {
  config.ExpectBool("is_encoder_decoder", true);
  config.Ignore(
      {// what it is called, and what it was written by
       "_name_or_path", "name_or_path", "architectures", "auto_map", "transformers_version", "torch_dtype", "dtype",
       "tokenizer_class", "task_specific_params", "finetuning_task", "prefix", "model_type", "_commit_hash",
       // how weights were made
       "init_std", "initializer_factor", "initializer_range", "encoder_layerdrop", "decoder_layerdrop",
       "classifier_dropout", "classif_dropout", "classifier_dropout_rate", "gradient_checkpointing",
       "tie_encoder_decoder",
       // what is returned, and how it is computed
       "use_cache", "output_past", "output_attentions", "output_hidden_states", "return_dict", "torchscript",
       "use_bfloat16", "pruned_heads", "chunk_size_feed_forward", "_attn_implementation", "attn_implementation",
       "_attn_implementation_autoset", "num_hidden_layers", "cross_attention_hidden_size", "add_cross_attention",
       "is_decoder", "use_return_dict",
       // other uses of the same network
       "id2label", "label2id", "num_labels", "_num_labels", "problem_type",
       // search: see ReadGeneration
       "bos_token_id", "sep_token_id", "forced_eos_token_id", "max_length", "max_new_tokens", "early_stopping",
       "do_sample", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
       "encoder_no_repeat_ngram_size", "num_return_sequences", "output_scores", "return_dict_in_generate",
       "remove_invalid_values", "exponential_decay_length_penalty", "renormalize_logits"});
}

}  // namespace dragoman
