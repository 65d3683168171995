// SPDX-License-Identifier: Apache-2.0
#include "interop/yaml_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/json.h"
#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string Json(const std::string& yaml) { return JsonOfYaml(yaml, "model.yml"); }
std::string JsonError(const std::string& yaml) {
  return ErrorIn([&] { Json(yaml); });
}

TEST(YamlJsonTest, WordsAreWhatTheyLookLike) {
  EXPECT_EQ(Json("type: transformer\ndepth: 6\nrate: 0.5\nsmall: 1e-9\nneg: -3\non: true\noff: false\nnone: ~\n"
                 "nil: null\nempty:\nversion: v1.9.56\n"),
            R"({"type":"transformer","depth":6,"rate":0.5,"small":1e-09,"neg":-3,"on":true,"off":false,"none":null,)"
            R"("nil":null,"empty":null,"version":"v1.9.56"})");
  EXPECT_EQ(Json("- 1\n- [2, three]\n- {a: 4}\n"), R"([1,[2,"three"],{"a":4}])");
  // Words of other readers' that are text here, and numbers that JSON does not have.
  EXPECT_EQ(Json("- yes\n- True\n- inf\n- nan\n- 1e999\n- 0x10\n- 1_000\n"),
            R"(["yes","True","inf","nan","1e999","0x10","1_000"])");
}

TEST(YamlJsonTest, QuotedWordsAreText) {
  EXPECT_EQ(Json("- \"6\"\n- 'true'\n- \"null\"\n- ''\n- \"~\"\n- \"a\\nb\"\n"),
            R"(["6","true","null","","~","a\nb"])");
}

TEST(YamlJsonTest, AnyWordMayBeAKey) {
  const std::string json = Json(
      "~: 1\nnull: 2\ntrue: 3\n7: 4\n\"\\\"\": 5\n\"\\\\\": 6\n'''': 7\n\"\": 8\n\"a: b\": 9\n\"#\": 10\n▁ß: "
      "11\n\",\": 12\n");
  const JsonDocument document(json, {"model.yml", ""});
  const JsonObject object = document.root().Object("this");
  const std::pair<const char*, int> keys[] = {{"~", 1}, {"null", 2}, {"true", 3}, {"7", 4},  {"\"", 5},  {"\\", 6},
                                              {"'", 7}, {"", 8},     {"a: b", 9}, {"#", 10}, {"▁ß", 11}, {",", 12}};
  EXPECT_EQ(object.members().size(), std::size(keys));
  for (const auto& [key, value] : keys) EXPECT_EQ(object.At(key).Integer(key, 0, 99), value) << key;
}

TEST(YamlJsonTest, NulsAtTheEndAreNoText) {
  EXPECT_EQ(Json(std::string("a: 1\n\0\0", 7)), R"({"a":1})");
  EXPECT_EQ(Json(std::string("\0\0", 2)), "{}");
}

TEST(YamlJsonTest, NothingIsAnObjectOfNothing) {
  EXPECT_EQ(Json(""), "{}");
  EXPECT_EQ(Json("\n# a comment\n"), "{}");
  EXPECT_EQ(Json("~"), "null");
}

TEST(YamlJsonTest, WhatWouldBeMultipliedIsRefused) {
  EXPECT_THAT(JsonError("a: &x [1]\nb: *x\n"), AllOf(HasSubstr("model.yml:1"), HasSubstr("an anchor")));
  EXPECT_THAT(JsonError("a: &x 1\n"), HasSubstr("an anchor"));
  EXPECT_THAT(JsonError("a: &x {b: 1}\n"), HasSubstr("an anchor"));
  EXPECT_THAT(JsonError("a: *x\n"), HasSubstr("model.yml:1"));
  EXPECT_THAT(JsonError("? [1, 2]\n: 3\n"), HasSubstr("a list or map as a name"));
}

TEST(YamlJsonTest, DeepNestingIsAnErrorAndNoCrash) {
  for (const int depth : {200, 100'000}) {
    EXPECT_THAT(JsonError(std::string(static_cast<size_t>(depth), '[')), HasSubstr("model.yml:1")) << depth;
    EXPECT_THAT(JsonError(std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']')),
                HasSubstr("model.yml:1"))
        << depth;
    std::string maps, blocks, keys;
    for (int i = 0; i < depth; ++i) maps += "{a: ", blocks += "- ", keys += "? ";
    EXPECT_THAT(JsonError(maps), HasSubstr("model.yml:")) << depth;
    EXPECT_THAT(JsonError(blocks + "a"), HasSubstr("model.yml:")) << depth;
    EXPECT_THAT(JsonError(keys + "a"), HasSubstr("model.yml:")) << depth;
  }
}

TEST(YamlJsonTest, WhatIsNoYamlIsAnErrorOfTheLine) {
  EXPECT_THAT(JsonError("a: 1\nb: [1\n"), HasSubstr("model.yml:"));
  EXPECT_THAT(JsonError("a: 1\n  b: 2\n"), HasSubstr("model.yml:2"));
  EXPECT_THAT(JsonError("a: \"\xff\"\n"), HasSubstr("model.yml:"));
  EXPECT_THAT(JsonError("a\xff: 1\n"), HasSubstr("model.yml:"));
  EXPECT_THAT(JsonError("a: 1\n\xc3: 2\n"), HasSubstr("model.yml:"));
}

TEST(YamlJsonTest, AVocabularyOf50000LinesTakesMuchLessThanASecond) {
  std::string yaml;
  for (int i = 0; i < 50'000; ++i) yaml += fmt::format("\"▁piece{}\": {}\n", i, i);
  const auto begin = std::chrono::steady_clock::now();
  const std::string json = Json(yaml);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_THAT(json, testing::EndsWith("\"▁piece49999\":49999}"));
  EXPECT_LT(seconds.count(), 10) << "usually about 0.1 s; the limit leaves room for a busy machine";
}

}  // namespace
}  // namespace dragoman
