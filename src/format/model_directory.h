// SPDX-License-Identifier: Apache-2.0
// A model's directory, as docs/formats.md describes it: the one place that knows what is in it, finds it in a run,
// opens and writes it.
#ifndef DRAGOMAN_FORMAT_MODEL_DIRECTORY_H_
#define DRAGOMAN_FORMAT_MODEL_DIRECTORY_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/about.h"
#include "format/manifest.h"
#include "model/transformer.h"
#include "text/tokenizer.h"

namespace dragoman {

// Symbolic links in a run's directory, to checkpoints in it.
inline constexpr char kBestLink[] = "best";
inline constexpr char kLastLink[] = "last";

inline constexpr char kJointVocabFile[] = "vocab.model";
inline constexpr char kSrcVocabFile[] = "src.model";
inline constexpr char kTgtVocabFile[] = "tgt.model";
inline constexpr char kDecodeOptionsFile[] = "decode_options.json";
inline constexpr char kShortlistFile[] = "shortlist.safetensors";  // of an imported model that came with one

// One vocabulary for both languages, or one each.
struct VocabularyPair {
  std::shared_ptr<const Tokenizer> src;
  std::shared_ptr<const Tokenizer> tgt;  // the same object when there is one, and both sides' settings are the same

  bool joint() const { return src->segmenter() == tgt->segmenter(); }
};

// Whether no id means one token to the source and another to the target, so that both may have one table of embeddings:
// of one vocabulary, or of two that the settings number together.
bool IdsAreJoint(const VocabularyPair& vocabs);

// Reads vocab.model, or src.model and tgt.model, and tokenizer_settings.json if there is one, in `directory`, compared
// first with its manifest, if it has one.
// Throws FileError, FormatError.
VocabularyPair LoadVocabularies(FileSystem& files, const std::string& directory, Checks checks = Checks::kAll);

// The vocabularies with the settings that tokenizer_settings.json holds, as text; "": as they are. `path` names them in
// messages. Throws FormatError.
VocabularyPair WithSettings(const VocabularyPair& vocabs, const std::string& json, const std::string& path);
VocabularyPair WithSettings(const VocabularyPair& vocabs, const TokenizerSettingsPair& settings,
                            const std::string& path);
std::string SettingsOf(const VocabularyPair& vocabs);  // that text

// The vocabularies for sentences in these languages. Errors as TokenizerSettingsPair::In.
VocabularyPair InLanguages(const VocabularyPair& vocabs, const LanguagePair& languages);

// Throws FormatError naming `directory` unless the model has as many rows as the tokenizers say, and room for the
// templates. All else that a model needs of a vocabulary has been checked when that was opened.
void RequireFit(const VocabularyPair& vocabs, const TransformerConfig& config, const std::string& directory);

// The files that LoadVocabularies reads.
std::vector<CheckpointFile> VocabularyFiles(const VocabularyPair& vocabs);

// What the second has otherwise than the first, for messages ("source: 8000 and 4000 pieces"); "" when they are byte
// for byte the same.
std::string VocabularyDifference(const VocabularyPair& first, const VocabularyPair& second);

// How those who made the model search with it, as DecodeOptions::FromJson reads it: what holds where a user says
// nothing.
struct DecodeDefaults {
  std::string json;  // "": nothing is said
  std::string path;  // for messages
};
DecodeDefaults ReadDecodeDefaults(FileSystem& files, const std::string& directory);  // throws FileError
CheckpointFile DecodeOptionsFile(const std::string& json);                           // which people may change

// Every name that a model's directory may have; a checkpoint's has more.
std::span<const char* const> ModelFileNames();

struct TranslationModel {
  std::unique_ptr<Transformer> model;
  VocabularyPair vocabs;
};

// Opens `path`: a model directory, or a run's directory, of which the best checkpoint is taken (else the last). All
// files are of one checkpoint, though a training may move RUN/best and remove checkpoints meanwhile.
// Throws FileError and FormatError, also when vocabulary and model do not fit together.
TranslationModel LoadTranslationModel(FileSystem& files, const std::string& path, Checks checks = Checks::kAll);

// The files of a model, to be written by WriteCheckpoint(): config, vocabularies and `weights`, a flat buffer of the
// model's parameters. about: what the model says about itself, or null. What they are of must outlive the writing.
std::vector<CheckpointFile> ModelFiles(const Transformer& model, std::span<const float> weights,
                                       const VocabularyPair& vocabs, const ModelAbout* about);

// Throws OptionError for an `output` that WriteModel would refuse: to be called before much work is done.
void RequireReplaceable(FileSystem& files, const std::string& output);

// Writes a model that is of no training to `output`. What is there must be such a model, too, or an empty directory; it
// is replaced once the new one is whole, written as .tmp-NAME beside it. Throws FileError, and OptionError for an
// `output` that holds anything else.
void WriteModel(FileSystem& files, const CheckpointContents& contents, const std::string& output);

// Throws OptionError for an `output` that WriteNewDirectory would refuse.
void RequireNew(FileSystem& files, const std::string& output);

// Writes files of another program's, without a manifest of ours, to `output`, a new or an empty directory, likewise as
// a whole. Throws FileError, what a writer throws, and OptionError for an `output` that holds anything.
void WriteNewDirectory(FileSystem& files, const std::vector<CheckpointFile>& contents, const std::string& output);

// `path` itself, or the checkpoint in it that LoadTranslationModel would take; links are followed to the directory that
// they stand for now.
std::string ResolveModelDirectory(FileSystem& files, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_MODEL_DIRECTORY_H_
