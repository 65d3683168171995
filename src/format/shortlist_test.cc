// SPDX-License-Identifier: Apache-2.0
#include "format/shortlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

VocabularyPair Vocabs() { return {SharedTestVocabulary(), SharedTestVocabulary()}; }

// Token 3 may become 7 and 9, token 4 may become 7, all others nothing of their own.
ShortlistTables Tables() {
  ShortlistTables tables{.frequent = {5, 8}, .begin = {}, .targets = {7, 9, 7}};
  for (int32_t id = 0; id <= Vocabs().src->rows(); ++id) tables.begin.push_back(id <= 3 ? 0 : id == 4 ? 2 : 3);
  return tables;
}

Shortlist Read(const ShortlistTables& tables) { return {ShortlistBytes(tables, Vocabs()), "some/list", Vocabs()}; }

TEST(ShortlistTest, IsOfTheSourcesTokensAndOfWhatIsFrequent) {
  const Shortlist shortlist = Read(Tables());
  EXPECT_THAT(shortlist.For(std::vector<int32_t>{3}), ElementsAre(5, 7, 8, 9));
  EXPECT_THAT(shortlist.For(std::vector<int32_t>{4, 4, 3, 10}), ElementsAre(5, 7, 8, 9));
  EXPECT_THAT(shortlist.For(std::vector<int32_t>{10}), ElementsAre(5, 8));
  EXPECT_THAT(shortlist.For({}), ElementsAre(5, 8));
}

TEST(ShortlistTest, AListIsMadeOfWhatIsSaidOfEachToken) {
  const ShortlistTables made = MakeShortlist(
      {8, 5, 8},
      [](int32_t id) {
        return id == 3 ? std::vector<int32_t>{9, 7, 9} : id == 4 ? std::vector<int32_t>{7} : std::vector<int32_t>{};
      },
      Vocabs());
  EXPECT_THAT(made.frequent, ElementsAre(5, 8));
  const Shortlist shortlist = Read(made);
  EXPECT_THAT(shortlist.For(std::vector<int32_t>{3}), ElementsAre(3, 5, 7, 8, 9)) << "and itself, as ids are joint";
  EXPECT_THAT(shortlist.For(std::vector<int32_t>{10}), ElementsAre(5, 8, 10));
}

TEST(ShortlistTest, WhatIsWrongInAFileIsAnError) {
  const auto expect_error = [](auto change, const char* what) {
    ShortlistTables tables = Tables();
    change(tables);
    EXPECT_THAT([&] { Read(tables); }, testing::ThrowsMessage<FormatError>(HasSubstr(what)));
  };
  const int32_t rows = Vocabs().tgt->rows();
  expect_error([](auto& t) { t.frequent = {8, 5}; }, "frequent are not ids");
  expect_error([](auto& t) { t.frequent = {-1, 5}; }, "frequent are not ids");
  expect_error([](auto& t) { t.targets = {9, 7, 7}; }, "the list of source token 3");
  expect_error([](auto& t) { t.targets = {7, 7, 7}; }, "the list of source token 3");
  expect_error([&](auto& t) { t.targets[2] = rows; }, "the list of source token 4");
  expect_error([](auto& t) { t.begin.pop_back(); }, "its lists are not those of");
  expect_error([](auto& t) { t.begin.front() = 1; }, "its lists are not those of");
  expect_error([](auto& t) { t.begin.back() = 4; }, "its lists are not those of");
  expect_error([](auto& t) { t.begin[2] = 3; }, "its lists are not those of");
  expect_error([](auto& t) { t.begin[2] = -3; }, "its lists are not those of");
  expect_error([](auto& t) { t = {}; }, "its lists are not those of");
}

TEST(ShortlistTest, BytesThatAreNoneAndOtherVocabulariesAreErrors) {
  EXPECT_THROW(Shortlist("", "some/list", Vocabs()), FormatError);
  EXPECT_THROW(Shortlist("abc", "some/list", Vocabs()), FormatError);
  VocabularyPair others = Vocabs();
  others.src = std::make_shared<const Tokenizer>(
      Tokenizer::FromBytes(TrainTestModel(SmallVocabOptions(/*size=*/88)), "other.model"));
  EXPECT_THAT([&] { Shortlist(ShortlistBytes(Tables(), Vocabs()), "some/list", others); },
              testing::ThrowsMessage<FormatError>(HasSubstr("some/list: made with other vocabularies")));
}

}  // namespace
}  // namespace dragoman
