// SPDX-License-Identifier: Apache-2.0
#include "cli/parse_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/stdout.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

template <class Value>
Value Parsed(const std::string& text) {
  Value value{};
  ParseValue("--flag", text, &value);
  return value;
}

TEST(ParseValueTest, ReadsWhatIsMeant) {
  EXPECT_EQ(Parsed<int>("-12"), -12);
  EXPECT_EQ(Parsed<int>("010"), 10);  // decimal, never octal
  EXPECT_EQ(Parsed<int64_t>("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Parsed<uint64_t>("9223372036854775807"), uint64_t{std::numeric_limits<int64_t>::max()});
  EXPECT_EQ(Parsed<float>("1e-9"), 1e-9f);
  EXPECT_EQ(Parsed<double>("-0.5"), -0.5);
  EXPECT_EQ(Parsed<double>("3"), 3.0);
  EXPECT_EQ(Parsed<std::string>(""), "");
  EXPECT_EQ(Parsed<LineFormat>("jsonl"), LineFormat::kJsonl);
}

TEST(ParseValueTest, RefusesWhatIsNoWholeNumber) {
  for (const char* text : {"", " 1", "1 ", "1.5", "1e3", "0x10", "abc", "1,000", "2147483648", "--quiet"}) {
    EXPECT_THAT([&] { Parsed<int>(text); },
                ThrowsMessage<OptionError>(
                    AllOf(HasSubstr("--flag is \"" + std::string(text) + "\""), testing::EndsWith("whole number"))))
        << "a range of the type would not be the flag's";
  }
  EXPECT_THAT([] { Parsed<int>("2147483648"); }, ThrowsMessage<OptionError>(HasSubstr("expected a smaller whole")));
  for (const char* text : {"-1", "9223372036854775808", "18446744073709551616"}) {
    EXPECT_THAT([&] { Parsed<uint64_t>(text); },
                ThrowsMessage<OptionError>(HasSubstr("expected a whole number from 0 to 9223372036854775807")));
  }
}

TEST(ParseValueTest, RefusesWhatIsNoFiniteNumber) {
  for (const char* text : {"", "nan", "inf", "-inf", "1e999", "0.1.2", "0,5", "half"}) {
    EXPECT_THAT([&] { Parsed<double>(text); }, ThrowsMessage<OptionError>(HasSubstr("expected a number"))) << text;
  }
}

TEST(ParseValueTest, AWrongWordNamesTheRightOnes) {
  EXPECT_THAT([] { Parsed<LineFormat>("json"); },
              ThrowsMessage<OptionError>(HasSubstr("--flag is \"json\", expected text, jsonl")));
}

TEST(ParseValueTest, ValueTextReadsBackExactly) {
  for (const float value : {0.1f, 1e-9f, 0.98f, 1.0f / 3, 3.4e38f, 0.0f})
    EXPECT_EQ(Parsed<float>(ValueText(value)), value);
  for (const double value : {0.1, 1.0 / 3, 1e300, 5e-324}) EXPECT_EQ(Parsed<double>(ValueText(value)), value);
}

}  // namespace
}  // namespace dragoman
