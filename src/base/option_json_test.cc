// SPDX-License-Identifier: Apache-2.0
#include "base/option_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

enum class Color { kRed, kBlue };
const EnumNames<Color>& NamesOf(Color) {
  static const EnumNames<Color> names = {{"red", Color::kRed}, {"blue", Color::kBlue}};
  return names;
}

struct Options {
  bool yes = false;
  int whole = 1;
  uint64_t wide = 2;
  float real = 0.5f;
  Color color = Color::kRed;

  bool operator==(const Options&) const = default;
};

template <class O, class Visitor>
void ForEachOption(O& o, Visitor&& visit) {
  visit("yes", o.yes, "");
  visit("whole", o.whole, "");
  visit("wide", o.wide, "");
  visit("real", o.real, "");
  visit("color", o.color, "");
}

const Options kUnusual{true, INT32_MIN, UINT64_MAX, 0.1f, Color::kBlue};

std::string Written(const Options& options) {
  nlohmann::ordered_json json;
  ForEachOption(options, OptionJsonWriter<nlohmann::ordered_json>{json});
  return json.dump();
}

Options Read(const std::string& text) {
  const JsonDocument document(text, {"o.json", "no advice"});
  const JsonObject json = document.root().Object("this");
  Options options;
  ForEachOption(options, OptionJsonReader{json});
  return options;
}

std::string ErrorOf(const std::string& text) {
  try {
    Read(text);
    return "no error";
  } catch (const FormatError& error) {
    return error.what();
  }
}

TEST(OptionJsonTest, EveryKindOfFieldIsWrittenAsAPersonWouldAndReadBack) {
  EXPECT_EQ(Written(kUnusual),
            R"({"yes":true,"whole":-2147483648,"wide":18446744073709551615,"real":0.1,"color":"blue"})");
  EXPECT_EQ(Read(Written(kUnusual)), kUnusual);
}

TEST(OptionJsonTest, AFieldWhoseKeyIsMissingKeepsItsValue) {
  EXPECT_EQ(Read(R"({"whole": 7})").whole, 7);
  EXPECT_EQ(Read("{}"), Options());
}

TEST(OptionJsonTest, AValueThatTheFieldCannotHoldIsAnErrorThatNamesTheKey) {
  EXPECT_THAT(ErrorOf(R"({"yes": 1})"), HasSubstr("o.json:1: column 9: key \"yes\" is 1, expected true or false"));
  EXPECT_THAT(ErrorOf(R"({"whole": 2147483648})"), HasSubstr("expected an integer from -2147483648 to 2147483647"));
  EXPECT_THAT(ErrorOf(R"({"whole": 1.5})"), HasSubstr("key \"whole\" is 1.5, expected an integer"));
  EXPECT_THAT(ErrorOf(R"({"wide": -1})"), HasSubstr("key \"wide\" is -1, expected an integer of 0 or more"));
  EXPECT_THAT(ErrorOf(R"({"real": -1e39})"), HasSubstr("key \"real\" is -1e39, expected a number of 32 bits"));
  EXPECT_THAT(ErrorOf(R"({"real": null})"), HasSubstr("key \"real\" is null, expected a number"));
  EXPECT_THAT(ErrorOf(R"({"color": "green"})"), HasSubstr("key \"color\" is \"green\", expected one of red, blue"));
}

}  // namespace
}  // namespace dragoman
