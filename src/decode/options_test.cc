// SPDX-License-Identifier: Apache-2.0
#include "decode/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct BadValue {
  std::function<void(DecodeOptions&)> change;
  std::string message;
};

TEST(DecodeOptionsTest, ValidateNamesFlagValueAndWhatIsAllowed) {
  const std::vector<BadValue> cases = {
      {[](auto& o) { o.beam_size = 0; }, "--beam-size is 0, expected 1 to 256"},
      {[](auto& o) { o.beam_size = 257; }, "--beam-size is 257, expected 1 to 256"},
      {[](auto& o) { o.n_best = 0; }, "--n-best is 0, expected 1 to 256"},
      {[](auto& o) { o.n_best = 5; }, "--n-best is 5, expected at most --beam-size"},
      {[](auto& o) { o.alpha = -1; }, "--length-penalty is -1, expected a number of at least 0"},
      {[](auto& o) { o.alpha = kNan; }, "--length-penalty is nan"},
      {[](auto& o) { o.max_length_factor = 0; }, "--max-length-factor is 0, expected a positive number"},
      {[](auto& o) { o.max_length_factor = kNan; }, "--max-length-factor is nan"},
      {[](auto& o) { o.max_length = -1; }, "--max-length is -1, expected a positive number, or 0"},
      {[](auto& o) { o.temperature = 0; }, "--temperature is 0, expected a positive number"},
      {[](auto& o) { o.temperature = kInf; }, "--temperature is inf"},
      {[](auto& o) { o.top_k = -1; }, "--top-k is -1, expected a positive number, or 0"},
      {[](auto& o) { o.top_p = 0; }, "--top-p is 0, expected above 0 and at most 1"},
      {[](auto& o) { o.top_p = 1.5f; }, "--top-p is 1.5"},
      {[](auto& o) { o.top_p = kNan; }, "--top-p is nan"},
  };
  EXPECT_NO_THROW(DecodeOptions().Validate());
  for (const BadValue& bad : cases) {
    DecodeOptions options;
    bad.change(options);
    try {
      options.Validate();
      ADD_FAILURE() << "accepted, though: " << bad.message;
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(bad.message));
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

}  // namespace
}  // namespace dragoman
