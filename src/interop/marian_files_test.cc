// SPDX-License-Identifier: Apache-2.0
#include "interop/marian_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class MarianFilesTest : public testing::Test {
 protected:
  void Make(std::initializer_list<const char*> names) const {
    for (const char* const name : names) folder_.Write(name, "x");
  }
  MarianFiles Find(const std::string& name = "", const MarianVocabularies& given = {}) const {
    return FindMarianFiles(RealFileSystem(), name.empty() ? folder_.path() : folder_ / name, given);
  }
  std::string FindError(const std::string& name = "") const {
    return ErrorIn([&] { Find(name); });
  }
  void Expect(const MarianFiles& found, const char* weights, const char* src, const char* tgt,
              const char* spm = "") const {
    EXPECT_EQ(found.weights, folder_ / weights);
    EXPECT_EQ(found.src, folder_ / src);
    EXPECT_EQ(found.tgt, folder_ / tgt);
    EXPECT_EQ(found.src_spm.empty(), std::string(spm).empty());
    EXPECT_EQ(found.tgt_spm.empty(), std::string(spm).empty());
  }

  TestFolder folder_;
};

TEST_F(MarianFilesTest, ADirectoryOfOneModelAndOneVocabulary) {
  Make({"model.npz", "vocab.spm", "README.md"});
  Expect(Find(), "model.npz", "vocab.spm", "vocab.spm");
  Expect(Find("model.npz"), "model.npz", "vocab.spm", "vocab.spm");
}

TEST_F(MarianFilesTest, AStudentHasItsShortlistAndTwoVocabulariesBesides) {
  Make({"model.ende.intgemm.alphas.bin", "lex.50.50.ende.s2t.bin", "srcvocab.ende.spm", "trgvocab.ende.spm"});
  Expect(Find(), "model.ende.intgemm.alphas.bin", "srcvocab.ende.spm", "trgvocab.ende.spm");
}

TEST_F(MarianFilesTest, AShortlistIsFoundByItsName) {
  Make({"model.ende.bin", "vocab.ende.spm"});
  EXPECT_EQ(Find().shortlist, "");
  Make({"lex.s2t.gz"});
  EXPECT_EQ(Find().shortlist, folder_ / "lex.s2t.gz");
  EXPECT_EQ(Find().limits.frequent, 100);
  Make({"lex.50.50.ende.s2t.bin"});
  EXPECT_EQ(Find().shortlist, folder_ / "lex.50.50.ende.s2t.bin") << "which was made of the text";
  Make({"lex.2.s2t.bin"});
  EXPECT_EQ(Find().shortlist, "") << "of several nobody knows";
}

TEST_F(MarianFilesTest, DecoderYmlNamesAShortlistAndItsLimits) {
  Make({"m.npz", "v.spm", "words.txt", "lex.s2t"});
  const auto find = [&](const std::string& shortlist) {
    folder_.Write("decoder.yml", "models: [m.npz]\nvocabs: [v.spm]\nshortlist: " + shortlist + "\n");
    return Find();
  };
  EXPECT_EQ(find("/elsewhere/words.txt").shortlist, folder_ / "words.txt");
  EXPECT_EQ(find("words.txt").limits.per_word, 100);
  const MarianFiles found = find("[words.txt, 40, 30, 0.25]");
  EXPECT_EQ(found.limits.frequent, 40);
  EXPECT_EQ(found.limits.per_word, 30);
  EXPECT_EQ(found.limits.threshold, 0.25);
  EXPECT_EQ(find("\n  - lex.s2t\n  - 5").limits.frequent, 5);
  EXPECT_EQ(find("[]").shortlist, folder_ / "lex.s2t");
  for (const char* const wrong :
       {"[words.txt, many]", "[words.txt, -1]", "[words.txt, false]", "[words.txt, 1e12]", "[words.txt, 9, 1001]"}) {
    EXPECT_THAT(ErrorIn([&] { find(wrong); }), AllOf(HasSubstr("decoder.yml:"), HasSubstr("\"shortlist\"")));
  }
  const MarianFiles without = find("[other.bin, false]");
  EXPECT_EQ(without.shortlist, "") << "which is not the one that is there";
  EXPECT_THAT(without.missing, testing::ElementsAre("other.bin"));
  folder_.Write("other.bin", "\xF5\x17\x34\x01\xD5\x48\x1A\xF1");
  EXPECT_EQ(find("[other.bin, false]").shortlist, folder_ / "other.bin") << "whether to check it, of a binary one";
}

TEST_F(MarianFilesTest, TheStateOfAnOptimizerIsNoModel) {
  Make({"model.npz", "model.npz.optimizer.npz", "source.spm", "target.spm"});
  Expect(Find(), "model.npz", "source.spm", "target.spm");
}

TEST_F(MarianFilesTest, DecoderYmlNamesThem) {
  Make({"a.npz", "b.npz", "one.vocab.yml", "two.vocab.yml", "other.spm"});
  folder_.Write("decoder.yml",
                "models:\n  - /home/somebody/b.npz\nvocabs:\n  - elsewhere/two.vocab.yml\n  - one.vocab.yml\n");
  Expect(Find(), "b.npz", "two.vocab.yml", "one.vocab.yml");
  Expect(Find("decoder.yml"), "b.npz", "two.vocab.yml", "one.vocab.yml");
  folder_.Write("decoder.yml", "models: [a.npz]\nvocabs: other.spm\n");
  Expect(Find(), "a.npz", "other.spm", "other.spm");
}

TEST_F(MarianFilesTest, DecoderYmlMayNameWhatIsBelowIt) {
  Make({"sub/m.npz", "v.spm"});
  folder_.Write("best.decoder.yml", "models: [sub/m.npz]\nvocabs: [v.spm, v.spm]\n");
  Expect(Find(), "sub/m.npz", "v.spm", "v.spm");
}

// A path leads nowhere but beside or below the settings.
TEST_F(MarianFilesTest, DecoderYmlLeadsNowhereElse) {
  Make({"inside/m.npz", "m.npz", "inside/v.spm"});
  folder_.Write("inside/decoder.yml", "models: [../m.npz]\nvocabs: [/etc/v.spm]\n");
  Expect(Find("inside"), "inside/m.npz", "inside/v.spm", "inside/v.spm");
}

TEST_F(MarianFilesTest, OfSeveralSettingsThePlainNameIsThatOfTheRelease) {
  Make({"a.npz", "b.npz", "v.spm"});
  folder_.Write("model.npz.best-bleu.npz.decoder.yml", "models: [a.npz]\nvocabs: [v.spm]\n");
  folder_.Write("decoder.yml", "models: [b.npz]\nvocabs: [v.spm]\n");
  Expect(Find(), "b.npz", "v.spm", "v.spm");
  Expect(Find("model.npz.best-bleu.npz.decoder.yml"), "a.npz", "v.spm", "v.spm");
}

TEST_F(MarianFilesTest, OpusModelsHaveAYmlAndWhatCutsTheText) {
  Make({"opus.npz", "opus.vocab.yml", "source.spm", "target.spm"});
  Expect(Find(), "opus.npz", "opus.vocab.yml", "opus.vocab.yml", "spm");
}

TEST_F(MarianFilesTest, OneSpmAloneCutsNothing) {
  Make({"opus.npz", "opus.vocab.yml", "source.spm"});
  Expect(Find(), "opus.npz", "opus.vocab.yml", "opus.vocab.yml");
}

TEST_F(MarianFilesTest, GivenVocabulariesWin) {
  Make({"m.npz", "v.spm", "w.spm"});
  const MarianFiles found = Find("", {folder_ / "v.spm", folder_ / "w.spm"});
  Expect(found, "m.npz", "v.spm", "w.spm");
}

// Of one that is given the other is what the directory says, if it is clear.
TEST_F(MarianFilesTest, OneGivenVocabularyLeavesTheOtherToTheDirectory) {
  Make({"m.npz", "source.spm", "target.spm", "w.spm"});
  Expect(Find("", {.src = folder_ / "w.spm"}), "m.npz", "w.spm", "target.spm");
  Expect(Find("", {.tgt = folder_ / "w.spm"}), "m.npz", "source.spm", "w.spm");
  RealFileSystem().RemoveFile(folder_ / "target.spm");
  EXPECT_THAT(ErrorIn([&] { Find("", {.src = folder_ / "w.spm"}); }), HasSubstr("`src_vocab` and `tgt_vocab`"));
}

TEST_F(MarianFilesTest, SeveralModelsAreOneClearError) {
  Make({"a.npz", "b.npz", "v.spm"});
  EXPECT_THROW(Find(), OptionError);
  EXPECT_THAT(FindError(), AllOf(HasSubstr(folder_.path()), HasSubstr("a.npz, b.npz"), HasSubstr("give the file")));
}

TEST_F(MarianFilesTest, VocabulariesThatAreNotClearAreOneError) {
  Make({"m.npz", "one.spm", "two.spm"});
  EXPECT_THROW(Find(), OptionError);
  EXPECT_THAT(FindError(), AllOf(HasSubstr("one.spm, two.spm"), HasSubstr("`src_vocab` and `tgt_vocab`")));
}

TEST_F(MarianFilesTest, NoVocabularyIsAnErrorThatSaysSo) {
  Make({"m.npz"});
  EXPECT_THAT(FindError(), AllOf(HasSubstr("there is none"), HasSubstr("`src_vocab`")));
}

TEST_F(MarianFilesTest, NoModelIsAnErrorOfTheDirectory) {
  Make({"v.spm", "lex.s2t.bin", "model.npz.optimizer.npz"});
  EXPECT_THAT(FindError(), AllOf(HasSubstr(folder_.path()), HasSubstr(".npz or .bin")));
}

TEST_F(MarianFilesTest, AnEnsembleOrThreeVocabulariesAreRefused) {
  Make({"a.npz", "b.npz", "v.spm"});
  folder_.Write("decoder.yml", "models: [a.npz, b.npz]\nvocabs: [v.spm]\n");
  EXPECT_THAT(FindError(), AllOf(HasSubstr("decoder.yml"), HasSubstr("one by one")));
  folder_.Write("decoder.yml", "models: [a.npz]\nvocabs: [v.spm, v.spm, v.spm]\n");
  EXPECT_THAT(FindError(), AllOf(HasSubstr("decoder.yml"), HasSubstr("one or two")));
  folder_.Write("decoder.yml", "models: {a: [}\n");
  EXPECT_THAT(FindError(), HasSubstr("decoder.yml:1"));
}

TEST_F(MarianFilesTest, WhatIsThereIsSeenWithoutALookInside) {
  const auto has = [&](const std::string& name) {
    return HasMarianFiles(RealFileSystem(), name.empty() ? folder_.path() : folder_ / name);
  };
  EXPECT_FALSE(has(""));
  Make({"model.bin", "pytorch_model.bin", "lex.bin"});  // CTranslate2's and PyTorch's are called so
  EXPECT_FALSE(has(""));
  Make({"m.npz", "decoder.yml", "notes.txt"});
  EXPECT_TRUE(has(""));
  EXPECT_TRUE(has("m.npz"));
  EXPECT_TRUE(has("model.bin"));
  EXPECT_TRUE(has("decoder.yml"));
  EXPECT_FALSE(has("pytorch_model.bin"));
  EXPECT_FALSE(has("notes.txt"));
}

}  // namespace
}  // namespace dragoman
