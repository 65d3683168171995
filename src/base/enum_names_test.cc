// SPDX-License-Identifier: Apache-2.0
#include "base/enum_names.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

enum class Colour { kRed, kGreen, kUnnamed };

const EnumNames<Colour>& NamesOf(Colour) {
  static const EnumNames<Colour> names = {{"red", Colour::kRed}, {"green", Colour::kGreen}};
  return names;
}

TEST(EnumNamesTest, NamesReadBackAsTheirValues) {
  for (const auto& [name, value] : NamesOf(Colour{})) {
    EXPECT_EQ(EnumName(value), name);
    EXPECT_EQ(ParseEnum<Colour>(name), value);
  }
}

TEST(EnumNamesTest, OtherWordsAreNoValue) {
  for (const char* text : {"", "Red", "re", "redd", "blue", "0"})
    EXPECT_EQ(ParseEnum<Colour>(text), std::nullopt) << text;
}

TEST(EnumNamesTest, AValueWithoutANameIsAQuestionMark) { EXPECT_EQ(EnumName(Colour::kUnnamed), "?"); }

TEST(EnumNamesTest, ChoicesAreListedInOrder) { EXPECT_EQ(EnumChoices<Colour>(), "red, green"); }

}  // namespace
}  // namespace dragoman
