// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/rng.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kAdvice[] = "mend it";

std::string ErrorOf(
    const std::string& text, const std::function<void(const JsonValue&)>& read = [](const auto&) {}) {
  try {
    const JsonDocument json(text, {"f.json", kAdvice});
    read(json.root());
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

std::string StringOf(const std::string& text) { return JsonDocument(text, {"f", kAdvice}).root().String("it"); }

TEST(JsonTest, ValuesAreWhatTheTextSays) {
  const JsonDocument json(
      "\xEF\xBB\xBF { \"b\" : [1, -2.5e1, \"x\", []], \"a\": true,\r\n\t\"\": null, \"\\u0063\": {\"d\": 7 } } \n",
      {"f", kAdvice});
  const JsonObject root = json.root().Object("it");
  ASSERT_EQ(root.members().size(), 4u);
  const std::vector<JsonValue> list = root.At("b").Array("b");
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0].Integer("n", 0, 9), 1);
  EXPECT_EQ(list[1].Number("n"), -25);
  EXPECT_EQ(list[2].String("s"), "x");
  EXPECT_TRUE(list[3].Array("l").empty());
  EXPECT_TRUE(root.At("a").Bool("a"));
  EXPECT_EQ(root.At("").kind(), JsonKind::kNull);
  EXPECT_EQ(root.At("c").Object("c").At("d").Unsigned("d"), 7u);
  EXPECT_EQ(root.Find("d"), nullptr);
}

TEST(JsonTest, StringsHoldWhatTheirEscapesStandFor) {
  EXPECT_EQ(StringOf(R"("a\"\\\/\b\f\n\r\t\u0041\u4f60\u00e9\u0000z")"), std::string("a\"\\/\b\f\n\r\tA你é\0z", 17));
  EXPECT_EQ(StringOf(R"("\ud83d\ude00 \uD83D\uDE00 😀")"), "😀 😀 😀");
  EXPECT_EQ(StringOf(R"("\udbff\udfff\ud800\udc00")"), "\U0010FFFF\U00010000");
  EXPECT_EQ(StringOf("\"\""), "");
}

TEST(JsonTest, AFaultIsNamedByLineColumnAndReason) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "1: column 1: not JSON: the end of the text, expected a value"},
      {"{\"a\": NaN}", "1: column 7: not JSON: NaN, expected null or a number"},
      {"[-Infinity]", "1: column 2: not JSON: -Infinity, expected null or a number"},
      {"[True]", "1: column 2: not JSON: True, expected true"},
      {"[1,\n 2,\n]", "2: column 3: not JSON: a comma before ']'"},
      {"{\"a\": 1, }", "1: column 8: not JSON: a comma before '}'"},
      {"{\"é\": 'x'}", "1: column 7: not JSON: a single quote, expected double quotes"},
      {"{'a': 1}", "1: column 2: not JSON: a single quote, expected a key in double quotes"},
      {"{a: 1}", "1: column 2: not JSON: a, expected a key in double quotes"},
      {"{\"a\" 1}", "1: column 6: not JSON: '1', expected ':' after the key"},
      {"{\"a\": 1", "1: column 8: not JSON: the end inside an object, expected ',' or '}'"},
      {"{\"a\": ", "1: column 7: not JSON: the end inside an object, expected a value"},
      {"[1 2]", "1: column 4: not JSON: '2', expected ',' or ']'"},
      {"\"abc", "1: column 5: not JSON: the end inside a string, expected '\"'"},
      {"\"abc\\", "1: column 6: not JSON: the end inside a string, expected '\"'"},
      {"\"a\tb\"", "1: column 3: not JSON: the byte 0x09 in a string, expected \\t"},
      {"\"a\x01\"", "1: column 3: not JSON: the byte 0x01 in a string, expected \\u0001"},
      {"\"\\x\"", "1: column 2: not JSON: \\ before x in a string"},
      {"\"\\u12g4\"", "1: column 2: not JSON: a \\u without four hexadecimal digits"},
      {"01", "1: column 1: not JSON: a number that begins with 0"},
      {"+1", "1: column 1: not JSON: '+', expected a value"},
      {"1.", "1: column 3: not JSON: the end of the text, expected a digit"},
      {"[.5]", "1: column 2: not JSON: '.', expected a value"},
      {"{} {}", "1: column 4: not JSON: '{' after the end, expected one value"},
      {std::string("{}\0x", 4), "1: column 3: not JSON: the byte 0x00 after the end"},
      {"[1] // x", "1: column 5: not JSON: a comment after the end"},
      {"[\xEF\xBB\xBF]", "1: column 2: not JSON: a byte order mark (U+FEFF), expected a value"},
      {"[“a”]", "1: column 2: not JSON: “ (U+201C), expected a value"},
      {"[\"\xFF\"]", "1: column 3: not JSON: the byte 0xFF is not valid UTF-8"},
  };
  for (const auto& [text, fault] : faults) {
    EXPECT_THAT(ErrorOf(text), StartsWith("f.json:" + fault)) << text;
    EXPECT_THAT(ErrorOf(text), testing::EndsWith("; mend it")) << text;
  }
}

TEST(JsonTest, AValueOfAnotherKindIsNamedByPlaceAndText) {
  const auto at = [](const char* key, const auto& read) {
    return [=](const JsonValue& root) { read(root.Object("it").At(key)); };
  };
  const std::string text =
      "{\n \"a\": 1.5,\n \"b\": {\"c\":\n2}, \"n\": 1e99999, \"s\": \"x\\ud800\", \"big\": " + std::string(30, '9') +
      "}";
  EXPECT_EQ(ErrorOf(text, at("a", [](const JsonValue& v) { v.Integer("key \"a\"", -1, 5); })),
            "f.json:2: column 7: key \"a\" is 1.5, expected an integer from -1 to 5; mend it");
  EXPECT_EQ(ErrorOf(text, at("b", [](const JsonValue& v) { static_cast<void>(v.String("b")); })),
            "f.json:3: column 7: b is {\"c\": 2}, expected a string; mend it");
  EXPECT_EQ(ErrorOf(text, at("n", [](const JsonValue& v) { v.Number("n"); })),
            "f.json:4: column 10: n is 1e99999, a number out of range; mend it");
  EXPECT_EQ(ErrorOf(text, at("s", [](const JsonValue& v) { static_cast<void>(v.String("s")); })),
            "f.json:4: column 26: s has \\ud800, one half of a surrogate pair without the other; mend it");
  EXPECT_THAT(ErrorOf(text, at("big", [](const JsonValue& v) { v.Integer("n", 0, 1); })),
              HasSubstr("999, expected an"));
  EXPECT_THAT(ErrorOf(text, at("missing", [](const JsonValue&) {})),
              HasSubstr("f.json:1: column 1: the key \"missing\" is missing"));
  EXPECT_EQ(ErrorOf(text), "") << "nobody asked for any of them";
}

TEST(JsonTest, AKeyThatIsThereTwiceIsAnErrorOfTheObjectThatIsRead) {
  const std::string text = "{\"a\": 1, \"x\": {\"b\": 1, \"c\": 2, \"\\u0062\": 3}}";
  EXPECT_EQ(ErrorOf(text, [](const JsonValue& root) { root.Object("it"); }), "");
  EXPECT_EQ(ErrorOf(text, [](const JsonValue& root) { root.Object("it").At("x").Object("x"); }),
            "f.json:1: column 32: the key \"\\u0062\" is there twice; mend it");
}

TEST(JsonTest, NestingIsBounded) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(ErrorOf(nested(kMaxNesting)), "");
  EXPECT_EQ(ErrorOf(nested(kMaxNesting + 1)), "f.json:1: column 129: not JSON: nested more than 128 deep; mend it");
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(ErrorOf(objects), HasSubstr("nested more than 128 deep"));
}

TEST(JsonTest, TheNumberOfValuesIsBounded) {
  std::string text = "[";
  for (size_t i = 0; i < kMaxJsonValues; ++i) text += "0,";
  EXPECT_THAT(ErrorOf(text + "0]"), HasSubstr("more than 4194304 values"));
}

// What nlohmann's library takes and what it does not, in every text that is one change away from a JSON text.
TEST(JsonTest, TakesWhatAnotherReaderTakes) {
  const std::string text = R"({"a": [1, -0.5e+3, true], "b\n": {"c": "\u00e9é"}, "d": null})";
  const std::string characters = "{}[]:,\"\\ \n\tnu0e-.1x\xC3\xA9'/";
  int taken = 0;
  const auto compare = [&](const std::string& changed) {
    const bool theirs = nlohmann::json::accept(changed);
    taken += theirs ? 1 : 0;
    EXPECT_EQ(ErrorOf(changed) == "", theirs) << changed << "\n" << ErrorOf(changed);
  };
  for (size_t at = 0; at <= text.size(); ++at) {
    compare(text.substr(0, at));
    if (at < text.size()) compare(text.substr(0, at) + text.substr(at + 1));
    for (const char c : characters) {
      compare(text.substr(0, at) + c + text.substr(at));
      if (at < text.size()) compare(text.substr(0, at) + c + text.substr(at + 1));
    }
  }
  EXPECT_GT(taken, 100) << "otherwise this has shown little";
}

}  // namespace
}  // namespace dragoman
