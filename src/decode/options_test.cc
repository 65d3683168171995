// SPDX-License-Identifier: Apache-2.0
#include "decode/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "decode/options_testing.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct BadValue {
  std::function<void(DecodeOptions&)> change;
  std::string message;
};

TEST(DecodeOptionsTest, ValidateNamesFieldValueAndWhatIsAllowed) {
  const std::vector<BadValue> cases = {
      {[](auto& o) { o.beam_size = 0; }, "`beam_size` is 0, expected 1 to 256"},
      {[](auto& o) { o.beam_size = 257; }, "`beam_size` is 257, expected 1 to 256"},
      {[](auto& o) { o.n_best = 0; }, "`n_best` is 0, expected 1 to 256"},
      {[](auto& o) { o.n_best = 5; }, "`n_best` is 5, expected at most `beam_size`; give a larger `beam_size`"},
      {[](auto& o) { o.length_penalty = -1; }, "`length_penalty` is -1, expected a number of at least 0"},
      {[](auto& o) { o.length_penalty = kNan; }, "`length_penalty` is nan"},
      {[](auto& o) { o.max_length_factor = 0; }, "`max_length_factor` is 0, expected a positive number"},
      {[](auto& o) { o.max_length_factor = kInf; }, "`max_length_factor` is inf"},
      {[](auto& o) { o.max_length_factor = kNan; }, "`max_length_factor` is nan"},
      {[](auto& o) { o.max_length = -1; }, "`max_length` is -1, expected a positive number, or 0"},
      {[](auto& o) { o.min_length = -1; }, "`min_length` is -1, expected a number of tokens, or 0"},
      {[](auto& o) { o.min_length = 9, o.max_length = 8; }, "`min_length` is 9, expected at most `max_length`"},
      {[](auto& o) { o.no_repeat_ngram = -1; }, "`no_repeat_ngram` is -1, expected 1 to 1000, or 0"},
      {[](auto& o) { o.temperature = 0; }, "`temperature` is 0, expected a positive number"},
      {[](auto& o) { o.temperature = kInf; }, "`temperature` is inf"},
      {[](auto& o) { o.top_k = -1; }, "`top_k` is -1, expected a positive number, or 0"},
      {[](auto& o) { o.top_p = 0; }, "`top_p` is 0, expected above 0 and at most 1"},
      {[](auto& o) { o.top_p = 1.5f; }, "`top_p` is 1.5"},
      {[](auto& o) { o.top_p = kNan; }, "`top_p` is nan"},
  };
  EXPECT_NO_THROW(DecodeOptions().Validate());
  for (const BadValue& bad : cases) {
    DecodeOptions options;
    bad.change(options);
    try {
      options.Validate();
      ADD_FAILURE() << "accepted, though: " << bad.message;
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.message));
    }
  }
}

TEST(DecodeOptionsTest, SamplesMayBeMoreThanTheBeam) {
  DecodeOptions options;
  options.sample = true;
  options.beam_size = 1;
  options.n_best = 10;
  EXPECT_NO_THROW(options.Validate());
}

// A new field does not compile here until it stands below, and fails until it is in the list.
TEST(DecodeOptionsTest, TheListHasEveryField) {
  const DecodeOptions options;
  const auto& [beam_size, length_penalty, length_penalty_form, stopping, n_best, max_length_factor, max_length,
               min_length, no_repeat_ngram, skip_scores, allow_unk, line_form, sample, temperature, top_k, top_p,
               seed] = options;
  const std::vector<const void*> fields = {&beam_size,
                                           &length_penalty,
                                           &length_penalty_form,
                                           &stopping,
                                           &n_best,
                                           &max_length,
                                           &allow_unk,
                                           &max_length_factor,
                                           &sample,
                                           &temperature,
                                           &top_k,
                                           &top_p,
                                           &seed,
                                           &min_length,
                                           &no_repeat_ngram,
                                           &skip_scores,
                                           &line_form};
  std::vector<const void*> listed;
  ForEachDecodeOption(options, [&](const char*, const auto& field, const char*) { listed.push_back(&field); });
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(fields));
}

TEST(DecodeOptionsTest, EveryFieldSurvivesJson) {
  EXPECT_EQ(DecodeOptions::FromJson(DecodeOptions().ToJson(), "o"), DecodeOptions());
  for (const auto& [key, options] : EachDecodeOptionChanged()) {
    EXPECT_NE(options, DecodeOptions()) << key;
    EXPECT_EQ(DecodeOptions::FromJson(options.ToJson(), "o"), options) << key;
    EXPECT_NE(Json::parse(options.ToJson()).at(key), Json::parse(DecodeOptions().ToJson()).at(key));
  }
  DecodeOptions options;
  options.seed = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(DecodeOptions::FromJson(options.ToJson(), "o"), options);
}

TEST(DecodeOptionsTest, JsonReadsAsAPersonWroteIt) {
  const std::string text = DecodeOptions().ToJson();
  for (const char* line : {"  \"length_penalty\": 0.6,\n", "  \"length_penalty_form\": \"wu\",\n",
                           "  \"allow_unk\": false,\n", "  \"seed\": 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(DecodeOptionsTest, AKeyThatJsonLeavesOutKeepsItsDefault) {
  DecodeOptions expected;
  EXPECT_EQ(DecodeOptions::FromJson("{}", "o"), expected);
  expected.beam_size = 8;
  EXPECT_EQ(DecodeOptions::FromJson(R"({"beam_size": 8})", "o"), expected);
}

std::string JsonError(const std::string& text) {
  try {
    DecodeOptions::FromJson(text, "request");
    return "no error";
  } catch (const FormatError& error) {
    return error.what();
  }
}

TEST(DecodeOptionsTest, JsonThatIsNoOptionsIsAnErrorThatNamesTheKey) {
  EXPECT_THAT(
      JsonError(R"({"beam": 8})"),
      AllOf(HasSubstr("request:1: column 10: unknown key \"beam\", expected one of beam_size, length_penalty, "),
            HasSubstr("; give options of decoding as an object, such as {\"beam_size\": 4}")));
  EXPECT_THAT(
      JsonError(R"({"stopping": "late"})"),
      HasSubstr("request:1: column 14: key \"stopping\" is \"late\", expected one of beam, bound, first, full"));
  EXPECT_THAT(JsonError(R"({"beam_size": 257})"), HasSubstr("request: `beam_size` is 257, expected 1 to 256"));
  EXPECT_THAT(JsonError(R"({"n_best": 5})"), HasSubstr("request: `n_best` is 5, expected at most `beam_size`"));
  EXPECT_THAT(JsonError("[]"), HasSubstr("request:1: column 1: this is [], expected an object"));
  const Json usual = Json::parse(DecodeOptions().ToJson());
  for (const auto& [key, value] : usual.items()) {
    for (const Json& wrong : {Json(nullptr), Json("no such choice"), Json::array(), Json::object()}) {
      EXPECT_THAT(JsonError(Json{{key, wrong}}.dump()), AllOf(HasSubstr("request:1: "), HasSubstr(key))) << wrong;
    }
  }
}

}  // namespace
}  // namespace dragoman
