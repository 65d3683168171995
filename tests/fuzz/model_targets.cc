// SPDX-License-Identifier: Apache-2.0
// Models: directories of files that have to fit together, ours and other programs'.
#include <string>

#include "base/check.h"
#include "format/about.h"
#include "format/model_file.h"
#include "format/packed_model.h"
#include "interop/import.h"
#include "library/make_translator.h"
#include "tests/fuzz/memory_files.h"
#include "tests/fuzz/targets.h"
#include "train/optimizer.h"
#include "train/run_checkpoint.h"

namespace dragoman {
namespace {

constexpr int kMostLength = 4;

void Translate(InferenceBundle bundle) {
  const Translator translator = MakeTranslator(std::move(bundle), {.threads = 1});
  const TranslatedLine line = translator.Translate("a b zebra", {.beam_size = 2, .max_length = kMostLength});
  DRAGOMAN_CHECK(line.n_best.size() == 1);
}

// What a training would go on from, where the directory has it.
void ReadTraining(MemoryFiles& files) {
  if (!files.Exists("run/train_state.json")) return;
  ReadTrainState(files, "run");
  const auto model = LoadTransformer(files, "run");
  Optimizer optimizer({}, static_cast<int64_t>(model->parameters().values().size()));
  ReadWeights(files, "run", model.get(), &optimizer);
}

void Import(FileSystem& files, const std::string& path, ModelSource from) {
  const ForeignModel foreign = OpenForeign(files, path, {.from = from});
  for (const Tokenizer* const vocab : {foreign.vocabs.src.get(), foreign.vocabs.tgt.get()}) {
    for (const int32_t id : vocab->Encode("a b zebra 5 6")) DRAGOMAN_CHECK(id >= -1 && id < vocab->rows());
  }
  ReadForeign(foreign);
}

void ImportFiles(std::string_view bytes, ModelSource from) {
  MemoryFiles files("model", FilesIn(bytes));
  Import(files, "model", from);
}

}  // namespace

void ReadCheckpoint(std::string_view bytes) {
  MemoryFiles files("run", FilesIn(bytes));
  ReadAbout(files, "run");
  InferenceBundle bundle = LoadInference(files, "run");
  if (files.Exists("run/shortlist")) OpenShortlist(files, "run/shortlist", &bundle);
  Translate(std::move(bundle));
  ReadTraining(files);
}

void ReadHuggingFace(std::string_view bytes) { ImportFiles(bytes, ModelSource::kHuggingFace); }

void ReadMarian(std::string_view bytes) { ImportFiles(bytes, ModelSource::kMarian); }

void ReadCTranslate2(std::string_view bytes) { ImportFiles(bytes, ModelSource::kCTranslate2); }

void ReadArgos(std::string_view bytes) {
  MemoryFiles files("d", {{"en_de.argosmodel", std::string(bytes)}});
  Import(files, "d/en_de.argosmodel", ModelSource::kArgos);
}

}  // namespace dragoman
