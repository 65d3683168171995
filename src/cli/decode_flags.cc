// SPDX-License-Identifier: Apache-2.0
#include "cli/decode_flags.h"

#include <initializer_list>
#include <string>

#include "base/error.h"
#include "base/thread_pool.h"
#include "cli/option_flags.h"
#include "model/about.h"
#include "model/manifest.h"
#include "model/model_file.h"

namespace dragoman {

void AddDecodeFlags(CLI::App& command, DecodeOptions* options) {
  const FlagRegistrar flag{&command};
  flag("beam_size", options->beam_size, "hypotheses kept per sentence, 1 is greedy search; not used with --sample");
  flag("length_penalty", options->alpha, "alpha of the length penalty; 0 turns it off, more favours longer output");
  flag("length_penalty_form", options->length_penalty,
       "what a log-probability is divided by, ((5 + |Y|) / 6)^alpha of Wu et al. 2016 or |Y|^alpha");
  flag("stopping", options->stopping,
       "what ends a sentence: beam-size hypotheses have finished (beam), no open one can overtake the n-best (bound), "
       "or none is ahead of them as it stands (first)");
  flag("max_length_factor", options->max_length_factor, "output tokens at most this times the input's, plus 10");
  flag("max_length", options->max_length, "output tokens at most; 0, or more than that: the model's limit");
  flag("allow_unk", options->allow_unk, "let <unk>, for what the vocabulary has no piece for, into translations");
  CLI::Option* sample = flag("sample", options->sample, "draw from the model's distribution instead of searching");
  flag("temperature", options->temperature, "of sampling: logits are divided by it")->needs(sample);
  flag("top_k", options->top_k, "sample from the k likeliest tokens only; 0: all")->needs(sample);
  flag("top_p", options->top_p, "sample from the likeliest tokens that together reach p")->needs(sample);
  flag("seed", options->seed, "of sampling")->needs(sample);
}

void AddThreadsFlag(CLI::App& command, int* threads) {
  FlagRegistrar{&command}("threads", *threads, "worker threads; 0: one per core");
}

int ThreadsOrCores(int threads) {
  if (threads < 0 || threads > 1024) {
    throw OptionError(fmt::format("--threads is {}, expected 1 to 1024, or 0 for one per core", threads));
  }
  return threads > 0 ? threads : UsableCores();
}

void AddModelFlag(CLI::App& command, std::string* model) {
  command
      .add_option("--model", *model, "model directory, or a run's directory (its best checkpoint, or else its last)")
      ->required()
      ->type_name("DIR")
      ->check([](const std::string& path) {
        return std::string(path.empty() ? "is empty, expected a directory; is a variable of your script not set?" : "");
      });
}

std::vector<InputPath> ModelInputs(const std::string& option, const std::string& path) {
  FileSystem& files = RealFileSystem();
  std::vector<InputPath> inputs;
  const auto add = [&](const std::string& directory, std::initializer_list<const char*> names) {
    for (const char* name : names) inputs.push_back({option, JoinPath(directory, name)});
  };
  add(ResolveModelDirectory(files, path),
      {kConfigFile, kWeightsFile, kJointVocabFile, kSrcVocabFile, kTgtVocabFile, kTokenizerSettingsFile, kManifestName,
       kAboutFile, "train_state.json", "train_state.safetensors"});
  add(path, {"config.toml", "train.jsonl", "corpus.tokens", "tensorboard", "last", "best", ".lock"});
  return inputs;
}

TranslationModel OpenModel(const std::string& path) { return LoadTranslationModel(RealFileSystem(), path); }

}  // namespace dragoman
