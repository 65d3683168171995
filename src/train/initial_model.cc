// SPDX-License-Identifier: Apache-2.0
#include "train/initial_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/hash.h"
#include "format/model_file.h"

namespace dragoman {
namespace {

// model: the directory to take them from if no option names them.
VocabularyPair VocabulariesOf(const TrainOptions& o, FileSystem& files, const std::string& model) {
  const auto load = [](const std::string& path) { return std::make_shared<const Tokenizer>(Tokenizer::Load(path)); };
  if (!o.vocab.empty()) {
    const auto joint = load(o.vocab);
    return {joint, joint};
  }
  if (o.src_vocab.empty()) return LoadVocabularies(files, model);
  return {load(o.src_vocab), load(o.tgt_vocab)};
}

int StartOf(const Tokenizer& vocab) {
  if (vocab.bos_id() >= 0) return vocab.bos_id();
  throw OptionError(
      fmt::format("`decoder_start` is not given and {} has no <s> to start with; give the id of a token, or -1 for a "
                  "zero vector",
                  vocab.path()));
}

// The tokens of a model mean what they meant to it before. whose: "the run in `output` RUN".
void RequireVocabulariesOf(const VocabularyPair& before, const VocabularyPair& now, const TrainOptions& o,
                           const std::string& whose) {
  const std::string what = VocabularyDifference(before, now);
  if (what.empty()) return;
  const bool joint = !o.vocab.empty();
  throw OptionError(
      fmt::format("{} is not the vocabulary of {} ({}); leave {} out to take the one it has",
                  joint ? "`vocab` " + o.vocab : "`src_vocab` " + o.src_vocab + " `tgt_vocab` " + o.tgt_vocab, whose,
                  what, joint ? "`vocab`" : "both"));
}

// A run that goes on has its languages in its templates. They need not be given again; other ones cannot be.
void RequireLanguagesOf(const VocabularyPair& before, const TrainOptions& o) {
  const auto is_named = [](const Tokenizer& vocab, const std::string& code) {
    const auto language = vocab.settings().languages.find(code);
    if (language == vocab.settings().languages.end()) return false;
    const SentenceTemplate& around = vocab.sentence();
    return std::ranges::find(around.prefix, language->second) != around.prefix.end() ||
           std::ranges::find(around.suffix, language->second) != around.suffix.end();
  };
  for (const auto& [option, code] : {std::pair("`src_lang`", o.src_lang), {"`tgt_lang`", o.tgt_lang}}) {
    if (code.empty() || is_named(*before.src, code) || is_named(*before.tgt, code)) continue;
    throw OptionError(
        fmt::format("{} is \"{}\", but the run in `output` {} began with another; leave it out, or start "
                    "another run",
                    option, code, o.output));
  }
}

// Rows of one table cannot mean pieces of two vocabularies, though they be as many.
void RequireOneVocabulary(const TrainOptions& options, const VocabularyPair& vocabs) {
  if (!options.model.has_joint_embedding() || IdsAreJoint(vocabs)) return;
  throw OptionError(fmt::format(
      "`tying` {} shares one table of embeddings, but {} and {} are two vocabularies; give one, `vocab`, or `tying` "
      "decoder",
      EnumName(options.model.tying), vocabs.src->path(), vocabs.tgt->path()));
}

std::unique_ptr<Transformer> NewModel(const TrainOptions& options, const VocabularyPair& vocabs,
                                      const std::function<void(const TransformerConfig&)>& announce) {
  TransformerConfig config = options.model;
  config.src_vocab = vocabs.src->rows();
  config.tgt_vocab = vocabs.tgt->rows();
  if (config.decoder_start == kStartOfVocabulary) config.decoder_start = StartOf(*vocabs.tgt);
  config.Validate();
  announce(config);
  auto model = std::make_unique<Transformer>(config);
  model->Initialize(HashCombine(options.seed, 1));
  return model;
}

std::unique_ptr<Transformer> TunedModel(const TrainOptions& options, FileSystem& files, const VocabularyPair& vocabs) {
  const TranslationModel initial = LoadTranslationModel(files, options.init_from);
  RequireVocabulariesOf(initial.vocabs, vocabs, options, "`init_from` " + options.init_from);
  // Fine-tuning keeps the architecture, but small data want more dropout.
  auto model = std::make_unique<Transformer>(WithDropoutOf(options.model, initial.model->config()));
  std::ranges::copy(initial.model->parameters().values(), model->parameters().values().begin());
  return model;
}

}  // namespace

// A resumed run has its model, and its vocabularies unless options name them, in the checkpoint: the model of
// `init_from` need not be there any more.
TranslationModel InitialModel(const TrainOptions& options, FileSystem& files, const std::string& resumed,
                              const std::function<void(const TransformerConfig&)>& announce) {
  const bool is_tuned = !options.init_from.empty(), is_resumed = !resumed.empty();
  const std::string origin = is_resumed ? resumed : is_tuned ? ResolveModelDirectory(files, options.init_from) : "";
  const VocabularyPair vocabs = VocabulariesOf(options, files, origin);
  if (is_resumed) {
    RequireVocabulariesOf(LoadVocabularies(files, resumed), vocabs, options, "the run in `output` " + options.output);
    RequireLanguagesOf(vocabs, options);
  }
  if (!is_tuned) {
    if (!is_resumed) RequireOneVocabulary(options, vocabs);
    return {NewModel(options, vocabs, announce), vocabs};
  }
  const TransformerConfig config = ReadConfig(files, origin);
  announce(config);
  if (!is_resumed) {
    const VocabularyPair chosen = InLanguages(vocabs, {options.src_lang, options.tgt_lang});
    return {TunedModel(options, files, vocabs), chosen};
  }
  RequireFit(vocabs, config, origin);
  return {std::make_unique<Transformer>(WithDropoutOf(options.model, config)), vocabs};
}

}  // namespace dragoman
