// SPDX-License-Identifier: Apache-2.0
#include "interop/source_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kPath[] = "model/config.json";

SourceSettings Of(const std::string& json) { return {json, kPath}; }

TEST(SourceSettingsTest, EveryGetterReadsItsType) {
  SourceSettings settings = Of(R"({"b": true, "i": -3, "n": 0.5, "s": "text", "one": 4, "several": [4, 5],
                                   "word": "a", "words": ["a", "b"], "mixed": ["a", 4, 0.5, false], "lists": [[1], [2, 3], 4]})");
  EXPECT_TRUE(settings.Bool("b"));
  EXPECT_EQ(settings.Integer("i", -3, 3), -3);
  EXPECT_EQ(settings.Number("n"), 0.5);
  EXPECT_EQ(settings.Number("i"), -3);
  EXPECT_EQ(settings.String("s"), "text");
  EXPECT_THAT(settings.Integers("one"), ElementsAre(4));
  EXPECT_THAT(settings.Integers("several"), ElementsAre(4, 5));
  EXPECT_THAT(settings.Strings("word"), ElementsAre("a"));
  EXPECT_THAT(settings.Strings("words"), ElementsAre("a", "b"));
  EXPECT_THAT(settings.Scalars("mixed"), ElementsAre("a", "4", "0.5", "false"));
  EXPECT_THAT(settings.IntegerLists("lists"), ElementsAre(ElementsAre(1), ElementsAre(2, 3), ElementsAre(4)));
  EXPECT_NO_THROW(settings.RequireNoneLeft());
}

TEST(SourceSettingsTest, WhatIsAbsentOrNullIsAsUsualOrAnError) {
  for (const char* const json : {"{}", R"({"key": null})"}) {
    SourceSettings settings = Of(json);
    EXPECT_FALSE(settings.Has("key"));
    EXPECT_TRUE(settings.Bool("key", true));
    EXPECT_EQ(settings.Integer("key", 1, 2, 99), 99);
    EXPECT_EQ(settings.Number("key", 0.25), 0.25);
    EXPECT_EQ(settings.String("key", "usual"), "usual");
    EXPECT_THAT(settings.Integers("key"), IsEmpty());
    EXPECT_THAT(settings.Strings("key"), IsEmpty());
    EXPECT_THAT(settings.Scalars("key"), IsEmpty());
    EXPECT_THAT(settings.IntegerLists("key"), IsEmpty());
    settings.ExpectBool("key", true);
    settings.ExpectInteger("key", 7);
    settings.ExpectString("key", "x");
    const auto names_file_and_key = AllOf(HasSubstr(kPath), HasSubstr("key \"key\""));
    EXPECT_THAT(ErrorIn([&] { settings.Bool("key"); }), names_file_and_key);
    EXPECT_THAT(ErrorIn([&] { settings.Integer("key", 0, 1); }), names_file_and_key);
    EXPECT_THAT(ErrorIn([&] { settings.Number("key"); }), names_file_and_key);
    EXPECT_THAT(ErrorIn([&] { settings.String("key"); }), names_file_and_key);
    EXPECT_NO_THROW(settings.RequireNoneLeft()) << json;
  }
}

TEST(SourceSettingsTest, AnotherTypeOrSizeIsAnErrorOfFileAndKey) {
  const std::string json = R"({"b": 1, "i": 1.5, "n": "1", "s": true, "is": [1, "2"], "ss": ["a", 1], "ls": 3})";
  const auto error = [&](const auto& get) {
    SourceSettings settings = Of(json);
    return ErrorIn([&] { get(settings); });
  };
  const auto names = [](const char* key) {
    return AllOf(HasSubstr(kPath), HasSubstr(std::string("key \"") + key + '"'));
  };
  EXPECT_THAT(error([](SourceSettings& s) { s.Bool("b"); }), names("b"));
  EXPECT_THAT(error([](SourceSettings& s) { s.Bool("b", true); }), names("b")) << "a default is for what is absent";
  EXPECT_THAT(error([](SourceSettings& s) { s.Integer("i", 0, 9); }), names("i"));
  EXPECT_THAT(error([](SourceSettings& s) { s.Integer("b", 2, 9); }), AllOf(names("b"), HasSubstr("2 to 9")));
  EXPECT_THAT(error([](SourceSettings& s) { s.Integer("b", -9, 0, 0); }), names("b"));
  EXPECT_THAT(error([](SourceSettings& s) { s.Number("n"); }), names("n"));
  EXPECT_THAT(error([](SourceSettings& s) { s.String("s"); }), names("s"));
  EXPECT_THAT(error([](SourceSettings& s) { s.Integers("is"); }), names("is"));
  EXPECT_THAT(error([](SourceSettings& s) { s.Strings("ss"); }), names("ss"));
  EXPECT_THAT(error([](SourceSettings& s) { s.IntegerLists("ls"); }), names("ls"));
}

TEST(SourceSettingsTest, ExpectedValuesAreRequiredWhereTheyAreGiven) {
  SourceSettings settings = Of(R"({"b": false, "i": 3, "s": "rnn"})");
  settings.ExpectBool("b", false);
  settings.ExpectInteger("i", 3);
  settings.ExpectString("s", "rnn");
  EXPECT_THAT(ErrorIn([&] { settings.ExpectBool("b", true); }),
              AllOf(HasSubstr("key \"b\" is false"), HasSubstr("true")));
  EXPECT_THAT(ErrorIn([&] { settings.ExpectInteger("i", 2); }),
              AllOf(HasSubstr("key \"i\" is 3"), HasSubstr("expected 2")));
  EXPECT_THAT(ErrorIn([&] { settings.ExpectString("s", "transformer"); }),
              AllOf(HasSubstr("\"rnn\""), HasSubstr("expected \"transformer\"")));
}

TEST(SourceSettingsTest, AKeyThatNobodyAskedForIsNamed) {
  SourceSettings settings = Of(R"({"known": 1, "neutral": 2, "absent": null, "alibi": 3})");
  settings.Integer("known", 1, 1);
  settings.Ignore({"neutral", "never there"});
  EXPECT_THAT(ErrorIn([&] { settings.RequireNoneLeft(); }),
              AllOf(HasSubstr(kPath), HasSubstr("key \"alibi\""), HasSubstr("may change what it computes")));
  settings.Ignore({"alibi"});
  EXPECT_NO_THROW(settings.RequireNoneLeft());
}

TEST(SourceSettingsTest, HasTakesNoKey) {
  SourceSettings settings = Of(R"({"key": 1})");
  EXPECT_TRUE(settings.Has("key"));
  EXPECT_THAT(ErrorIn([&] { settings.RequireNoneLeft(); }), HasSubstr("\"key\""));
}

TEST(SourceSettingsTest, WhatIsNoObjectIsAnErrorOfTheFile) {
  for (const char* const json : {"", "[]", "3", "{\"a\": 1", "{\"a\": 1, \"a\": 2}", "\xff"}) {
    EXPECT_THAT(ErrorIn([&] { Of(json); }), HasSubstr(kPath)) << json;
  }
  const TestFolder folder;
  EXPECT_THAT(ErrorIn([&] { SourceSettings(RealFileSystem(), folder / "absent.json"); }), HasSubstr("absent.json"));
}

}  // namespace
}  // namespace dragoman
