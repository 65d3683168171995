// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_settings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// As M2M100 has it, with the source's language at the end, too: src_lang source </s> src_lang, tgt_lang target </s>.
TokenizerSettingsPair Multilingual() {
  TokenizerSettingsPair pair;
  pair.src.added = pair.tgt.added = pair.src.languages = pair.tgt.languages = {{"de", 90}, {"en", 91}, {"fr", 92}};
  pair.src.prefix = {kSrcLanguage};
  pair.src.suffix = {{2, kSrcLanguage}};
  pair.tgt.prefix = {5, kTgtLanguage};
  return pair;
}

// As MarianMT of several targets: tgt_lang source </s>.
TokenizerSettingsPair Tagged() {
  TokenizerSettingsPair pair;
  pair.src.languages = {{"deu", 10}, {"nld", 11}};
  pair.src.prefix = {kTgtLanguage};
  return pair;
}

std::string InError(const TokenizerSettingsPair& pair, const LanguagePair& languages) {
  return MessageOf<OptionError>([&] { pair.In(languages); });
}

TEST(TokenizerSettingsTest, LanguagesAndTheirPlacesComeBackFromJson) {
  for (const TokenizerSettingsPair& pair : {Multilingual(), Tagged(), Multilingual().In({"de", "en"})}) {
    const std::string json = pair.ToJson();
    EXPECT_EQ(TokenizerSettingsPair::FromJson(json, "path"), pair) << json;
    EXPECT_THAT(json, Not(testing::ContainsRegex("[^r]-[12]")));
  }
  EXPECT_THAT(Multilingual().ToJson(),
              AllOf(HasSubstr(R"("suffix":[2,"src_lang"])"), HasSubstr(R"("prefix":[5,"tgt_lang"])"),
                    HasSubstr(R"("languages":{"de":90,"en":91,"fr":92})")));
}

TEST(TokenizerSettingsTest, WhatIsNoPlaceOrLanguageIsAnErrorOfItsKey) {
  const auto error = [](const std::string& side) {
    const std::string json = R"({"format": "dragoman-tokenizer-1", )" + side + "}";
    return MessageOf<FormatError>([&] { TokenizerSettingsPair::FromJson(json, "settings.json"); });
  };
  EXPECT_THAT(
      error(R"("src": {"prefix": ["lang"]})"),
      AllOf(HasSubstr("settings.json"), HasSubstr("prefix holds \"lang\""), HasSubstr("an id, src_lang or tgt_lang")));
  EXPECT_THAT(error(R"("src": {"suffix": [2, ""]})"), HasSubstr("suffix holds \"\""));
  EXPECT_THAT(error(R"("src": {"prefix": [-1]})"), HasSubstr("prefix")) << "not even by its number here";
  EXPECT_THAT(error(R"("tgt": {"prefix": [-2]})"), HasSubstr("prefix"));
  EXPECT_THAT(error(R"("tgt": {"banned": ["tgt_lang"]})"), HasSubstr("banned"));
  EXPECT_THAT(error(R"("tgt": {"suffix": ["tgt_lang"]})"), HasSubstr("suffix"));
  EXPECT_THAT(error(R"("src": {"languages": {"de": -1}})"), HasSubstr("de"));
  EXPECT_THAT(error(R"("src": {"languages": {"de": "90"}})"), HasSubstr("de"));
  EXPECT_THAT(error(R"("src": {"languages": {"": 90}})"), HasSubstr("languages"));
  EXPECT_THAT(error(R"("src": {"languages": {"d e": 90}})"), HasSubstr("languages"));
  EXPECT_THAT(error(R"("src": {"languages": ["de"]})"), HasSubstr("languages"));
}

TEST(TokenizerSettingsTest, ChosenLanguagesStandInAllTemplatesThatWaitForThem) {
  const TokenizerSettingsPair chosen = Multilingual().In({"de", "fr"});
  EXPECT_THAT(chosen.src.prefix, ElementsAre(90));
  EXPECT_THAT(*chosen.src.suffix, ElementsAre(2, 90));
  EXPECT_THAT(chosen.tgt.prefix, ElementsAre(5, 92));
  EXPECT_THAT(Tagged().In({"", "nld"}).src.prefix, ElementsAre(11));
  EXPECT_FALSE(chosen.src.Wants(kSrcLanguage) || chosen.tgt.Wants(kTgtLanguage));
  EXPECT_EQ(chosen.In({}), chosen) << "chosen once";
}

TEST(TokenizerSettingsTest, EachSideHasTheTokensOfItsOwnLanguages) {
  TokenizerSettingsPair pair = Multilingual();
  pair.src.prefix = {kSrcLanguage, kTgtLanguage};
  pair.tgt.prefix = {kTgtLanguage, kSrcLanguage};
  pair.tgt.languages = {{"de", 60}, {"en", 61}};
  const TokenizerSettingsPair chosen = pair.In({"de", "en"});
  EXPECT_THAT(chosen.src.prefix, ElementsAre(90, 91));
  EXPECT_THAT(chosen.tgt.prefix, ElementsAre(61, 60));
  EXPECT_THAT(InError(pair, {"de", "fr"}), HasSubstr("`tgt_lang` is \"fr\"")) << "which the target does not know";
}

TEST(TokenizerSettingsTest, ALanguageThatIsNotGivenIsAnErrorThatListsThem) {
  EXPECT_THAT(InError(Multilingual(), {}), AllOf(HasSubstr("`src_lang` is not given"), HasSubstr("de, en, fr")));
  EXPECT_THAT(InError(Multilingual(), {"de", ""}),
              AllOf(HasSubstr("`tgt_lang` is not given"), HasSubstr("de, en, fr")));
  EXPECT_THAT(InError(Tagged(), {}), AllOf(HasSubstr("`tgt_lang` is not given"), HasSubstr("deu, nld")));
}

TEST(TokenizerSettingsTest, AnUnknownLanguageSuggestsTheNearest) {
  EXPECT_THAT(InError(Tagged(), {"", "dew"}), AllOf(HasSubstr("`tgt_lang` is \"dew\""), HasSubstr("deu")));
  TokenizerSettingsPair many = Tagged();
  for (int i = 0; i < 30; ++i) many.src.languages[fmt::format("lang{:02}_Latn", i)] = 20 + i;
  EXPECT_THAT(InError(many, {"", "lang29_Lat"}),
              AllOf(HasSubstr("did you mean"), HasSubstr("lang29_Latn"), HasSubstr("and 20 others")));
}

TEST(TokenizerSettingsTest, ALanguageThatNothingWaitsForIsAnError) {
  EXPECT_THAT(InError({}, {"de", ""}), AllOf(HasSubstr("`src_lang` is \"de\""), HasSubstr("no such choice")));
  EXPECT_THAT(InError({}, {"", "de"}), HasSubstr("`tgt_lang` is \"de\""));
  EXPECT_THAT(InError(Tagged(), {"eng", "deu"}), HasSubstr("`src_lang` is \"eng\""));
  EXPECT_THAT(InError(Multilingual().In({"de", "fr"}), {"de", "fr"}), HasSubstr("`src_lang`"));
  EXPECT_EQ(TokenizerSettingsPair{}.In({}), TokenizerSettingsPair{});
}

TEST(TokenizerSettingsTest, ATokenizerSeesToItThatLanguagesHaveTokens) {
  const Tokenizer vocab = TestVocabulary();
  const auto error = [&](const TokenizerSettings& settings) {
    return MessageOf<FormatError>([&] { Tokenizer(vocab.segmenter(), settings, "settings.json"); });
  };
  TokenizerSettings settings;
  settings.languages = {{"de", vocab.size()}};
  EXPECT_THAT(error(settings), AllOf(HasSubstr("settings.json"), HasSubstr("languages has"), HasSubstr("\"de\"")));
  settings.languages = {{"de", vocab.eos_id()}};
  EXPECT_THAT(error(settings), HasSubstr("languages has"));
  settings.languages = {{"de", 5}};
  settings.prefix = {kTgtLanguage};
  EXPECT_EQ(error(settings), "nothing was thrown");
  settings.banned = {kTgtLanguage};
  EXPECT_THAT(error(settings), HasSubstr("banned"));
  settings = {};
  settings.prefix = {kTgtLanguage};
  EXPECT_THAT(error(settings), HasSubstr("prefix")) << "nothing could ever be chosen";
}

}  // namespace
}  // namespace dragoman
