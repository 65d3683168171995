// SPDX-License-Identifier: Apache-2.0
// A model that another program made, with what that program found: a folder with src, tgt, scores and beam1 beside it.
#ifndef DRAGOMAN_TESTS_INTEROP_RECORDED_MODEL_TESTING_H_
#define DRAGOMAN_TESTS_INTEROP_RECORDED_MODEL_TESTING_H_

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "decode/translation_service.h"
#include "format/shortlist.h"
#include "interop/export.h"
#include "interop/import.h"
#include "interop/interop_testing.h"

namespace dragoman {

// Whether a recording, imported, exported to the program that it came from and imported again, is the same model.
inline void ExpectGoesBackAsItCame(const std::string& directory, ExportTarget target) {
  const TestFolder folder;
  const ForeignModel came = OpenForeign(RealFileSystem(), directory, {});
  const std::unique_ptr<Transformer> model = ReadForeign(came);
  WriteExport(RealFileSystem(), PrepareExport({*model, came.vocabs, came.about}, target), folder / "back");
  const ForeignModel back = OpenForeign(RealFileSystem(), folder / "back", {});
  const std::unique_ptr<Transformer> again = ReadForeign(back);
  EXPECT_EQ(back.family, came.family);
  EXPECT_EQ(back.config.ToJson(), came.config.ToJson());
  EXPECT_TRUE(std::ranges::equal(again->parameters().values(), model->parameters().values()));
  EXPECT_EQ(back.vocabs.src->fingerprint(), came.vocabs.src->fingerprint());
  EXPECT_EQ(back.vocabs.tgt->fingerprint(), came.vocabs.tgt->fingerprint());
}

// The recordings in a folder; none where the tests do not run in the repository's root.
inline std::vector<std::string> RecordedIn(const std::string& folder) {
  return RealFileSystem().Exists(folder) ? RealFileSystem().List(folder) : std::vector<std::string>{};
}

// One of them, imported.
class RecordedModel {
 public:
  explicit RecordedModel(const std::string& directory)
      : directory_(directory),
        foreign_(OpenForeign(RealFileSystem(), directory_, {})),
        model_(ReadForeign(foreign_)),
        inference_(*model_),
        shortlist_(foreign_.shortlist.empty()
                       ? nullptr
                       : std::make_unique<Shortlist>(foreign_.shortlist, directory_, foreign_.vocabs)),
        service_(inference_, {*foreign_.vocabs.src, *foreign_.vocabs.tgt, shortlist_.get()}, /*threads=*/1) {}

  bool has_shortlist() const { return shortlist_ != nullptr; }

  std::vector<std::string> Lines(const std::string& name) const {
    std::vector<std::string> lines;
    std::istringstream text(ReadFile(RealFileSystem(), JoinPath(directory_, name)));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  std::vector<PairScore> Score() { return service_.Score(Lines("src"), Lines("tgt")); }

  std::vector<std::string> Translate(const DecodeOptions& options) {
    std::vector<std::string> found;
    for (const TranslatedLine& line : service_.Translate(Lines("src"), options)) {
      found.push_back(line.n_best.front().text);
    }
    return found;
  }

 private:
  std::string directory_;
  ForeignModel foreign_;
  std::unique_ptr<Transformer> model_;
  InferenceModel inference_;
  std::unique_ptr<const Shortlist> shortlist_;  // or null
  TranslationService service_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_INTEROP_RECORDED_MODEL_TESTING_H_
