// SPDX-License-Identifier: Apache-2.0
#include "train/train_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

TrainState FullState() {
  TrainState state;
  state.step = 123'456'789'012;
  state.epoch = 7;
  state.batch_in_epoch = 89;
  state.sentences = 999'999'999'999'999'999;  // the most there may be
  state.tgt_tokens = 5;
  state.skipped_updates = 6;
  state.seconds = 0.1;
  state.seed = std::numeric_limits<uint64_t>::max();
  state.corpus_fingerprint = 0xfedcba9876543210;
  state.threads = 64;
  state.validations = 9;
  state.validations_since_best = 3;
  state.has_best = true;
  state.best_quality = -3.0000000000000004;  // every bit counts: it is compared with
  state.patience_quality = -3.5;
  state.unlogged = {.loss = 0.1, .nll = 1e-17, .tgt_tokens = 12, .skipped_updates = 1};
  state.options = {{"batch_tokens", "4096"}, {"schedule", "paper"}};
  return state;
}

std::string MessageFor(const std::string& json) {
  try {
    TrainState::FromJson(json, "RUN/train_state.json");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string Replaced(const std::string& what, const std::string& by) {
  std::string json = FullState().ToJson();
  const size_t at = json.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return json.replace(at, what.size(), by);
}

TEST(TrainStateTest, ReturnsFromJsonWithEveryBit) {
  EXPECT_EQ(TrainState::FromJson(FullState().ToJson(), "x"), FullState());
  EXPECT_EQ(TrainState::FromJson(TrainState().ToJson(), "x"), TrainState());
}

TEST(TrainStateTest, NamesFileAndKeyOfWhatIsWrong) {
  for (const char* json : {"", "[]", "{}", "null", "{\"step\": 1}", "no json"}) {
    EXPECT_THAT(MessageFor(json), HasSubstr("RUN/train_state.json:1: column 1: ")) << json;
    EXPECT_THAT(MessageFor(json), HasSubstr("resume from another checkpoint")) << json;
  }
  EXPECT_THAT(MessageFor(Replaced("\"batch_in_epoch\"", "\"batch\"")), HasSubstr("batch_in_epoch"));
}

TEST(TrainStateTest, AStateFromBeforeThereWereOptionsHasNone) {
  std::string json = FullState().ToJson();
  const size_t begin = json.rfind(',', json.find("\"options\"")), end = json.rfind("\n}");
  TrainState expected = FullState();
  expected.options.clear();
  EXPECT_EQ(TrainState::FromJson(json.erase(begin, end - begin), "x"), expected);
  EXPECT_THAT(MessageFor(Replaced("\"paper\"", "7")), HasSubstr("schedule is 7, expected a string"));
}

// Scores of that time were of the smoothed loss, and each better one counted for patience.
TEST(TrainStateTest, AStateOfAnOlderVersionGoesOnAsItBegan) {
  TrainState expected = FullState();
  expected.smoothed_loss = true;
  expected.patience_quality = expected.best_quality;
  expected.unlogged = {};
  std::string json = FullState().ToJson();
  const size_t begin = json.find("  \"patience_quality\""), end = json.find("  \"options\"");
  EXPECT_EQ(TrainState::FromJson(json.erase(begin, end - begin), "x"), expected);
}

TEST(TrainStateTest, PatienceCountsFromWhatWasBetterByMinDelta) {
  TrainState state;
  EXPECT_TRUE(state.CountValidation(-3, 0.5)) << "the first is always the best";
  EXPECT_EQ(state.validations_since_best, 0);
  EXPECT_TRUE(state.CountValidation(-2.75, 0.5)) << "better, so RUN/best, but by too little";
  EXPECT_EQ(state.best_quality, -2.75);
  EXPECT_EQ(state.validations_since_best, 1);
  EXPECT_TRUE(state.CountValidation(-2.5, 0.5)) << "many small steps add up, as in Keras";
  EXPECT_EQ(state.validations_since_best, 0);
  EXPECT_FALSE(state.CountValidation(-2.5, 0)) << "equal is not better";
  EXPECT_FALSE(state.CountValidation(std::numeric_limits<double>::quiet_NaN(), 0));
  EXPECT_FALSE(state.CountValidation(std::numeric_limits<double>::infinity(), 0));
  EXPECT_EQ(state.validations_since_best, 3);
  EXPECT_EQ(state.validations, 6);
  EXPECT_EQ(state.best_quality, -2.5);
}

TEST(TrainStateTest, TakesNoNumberThatIsNotOne) {
  for (const char* step : {"1.5", "1e300", "-1e300", "-1", "\"1\"", "true", "null", "99999999999999999999999"}) {
    EXPECT_THAT(MessageFor(Replaced("123456789012", step)), HasSubstr("RUN/train_state.json")) << "step " << step;
  }
  for (const char* seed : {"-1", "1.5", "1e300"}) {
    EXPECT_THAT(MessageFor(Replaced("18446744073709551615", seed)), HasSubstr("seed")) << "seed " << seed;
  }
  for (const char* threads : {"-1", "0.5", "5000000000"}) {
    EXPECT_THAT(MessageFor(Replaced("\"threads\": 64", std::string("\"threads\": ") + threads)),
                HasSubstr("RUN/train_state.json"))
        << "threads " << threads;
  }
  EXPECT_THAT(MessageFor(Replaced("\"epoch\": 7", "\"epoch\": -7")),
              HasSubstr("epoch is -7, expected an integer from 0"));
  // One more and counting on would overflow.
  EXPECT_THAT(MessageFor(Replaced("999999999999999999", "1000000000000000000")), HasSubstr("sentences is 1000000000"));
  const std::string deep = std::string(65'500, '[') + std::string(65'500, ']');
  EXPECT_THAT(MessageFor(Replaced("\"epoch\": 7", "\"epoch\": " + deep)), HasSubstr("nested more than 128 deep"));
  EXPECT_THAT(MessageFor(Replaced("\"epoch\": 7", "\"epoch\": 7, \"epoch\": 8")),
              HasSubstr("\"epoch\" is there twice"));
  EXPECT_THAT(MessageFor(Replaced("\"has_best\": true", "\"has_best\": 1")), HasSubstr("has_best"));
}

// A file cut anywhere is refused, never half believed.
TEST(TrainStateTest, RefusesEveryPrefix) {
  const std::string json = FullState().ToJson();
  for (size_t length = 0; length + 2 < json.size(); ++length) {  // without the last line feed it is still whole
    EXPECT_NE(MessageFor(json.substr(0, length)), "nothing was thrown") << length;
  }
}

}  // namespace
}  // namespace dragoman
