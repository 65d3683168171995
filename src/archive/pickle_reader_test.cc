// SPDX-License-Identifier: Apache-2.0
#include "archive/pickle_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "archive/archive_testing.h"
#include "base/timer.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 1> kAllowed = {"module.function"};

Pickle Read(const std::string& bytes) { return ReadPickle(bytes, kAllowed, "", {"file", "advice"}); }
std::string ErrorOfSteps(const std::string& steps) {
  return ErrorOf([&] { Read(PickleOf(steps)); });
}
int64_t IntegerOf(const std::string& steps) {
  const std::string bytes = PickleOf(steps);
  const Pickle pickle = Read(bytes);
  EXPECT_EQ(pickle[pickle.root].kind, PickleKind::kInteger);
  return pickle[pickle.root].integer;
}

TEST(PickleReaderTest, IntegersOfEveryLengthAreRead) {
  EXPECT_EQ(IntegerOf("K\xff"), 255);
  EXPECT_EQ(IntegerOf("M\xff\xff"), 65535);
  EXPECT_EQ(IntegerOf("J\xff\xff\xff\xff"), -1);
  EXPECT_EQ(IntegerOf(std::string("\x8a\0", 2)), 0);
  EXPECT_EQ(IntegerOf("\x8a\1\x80"), -128);
  EXPECT_EQ(IntegerOf(std::string("\x8a\2\x80\0", 4)), 128);
  EXPECT_EQ(IntegerOf("\x8a\x5" + std::string(4, '\0') + '\2'), int64_t{1} << 33);
  EXPECT_EQ(IntegerOf("\x8a\x8" + Raw(INT64_MIN)), INT64_MIN);
  EXPECT_THAT(ErrorOfSteps("\x8a\x9" + std::string(9, '\1')), HasSubstr("an integer of 9 bytes"));
}

TEST(PickleReaderTest, ContainersHoldWhatWasPutIn) {
  const std::string bytes =
      PickleOf("}q\1" + PickledText("a") + "](K\1K\2e\x89\x86s(" + PickledText("c") + "h\1u") + "the rest";
  const Pickle pickle = Read(bytes);
  EXPECT_EQ(pickle.bytes, bytes.size() - 8);
  const PickleNode& dict = pickle[pickle.root];
  ASSERT_EQ(dict.kind, PickleKind::kDict);
  ASSERT_EQ(dict.items.size(), 4u);
  EXPECT_EQ(pickle[dict.items[0]].text, "a");
  const PickleNode& tuple = pickle[dict.items[1]];
  ASSERT_EQ(tuple.kind, PickleKind::kTuple);
  ASSERT_EQ(tuple.items.size(), 2u);
  EXPECT_EQ(pickle[tuple.items[0]].kind, PickleKind::kList);
  EXPECT_EQ(pickle[pickle[tuple.items[0]].items[1]].integer, 2);
  EXPECT_EQ(pickle[tuple.items[1]].kind, PickleKind::kBool);
  EXPECT_EQ(dict.items[3], pickle.root);  // it holds itself
}

TEST(PickleReaderTest, NothingIsCalled) {
  const std::string bytes = PickleOf("cmodule\nfunction\nK\7\x85R");
  const Pickle pickle = Read(bytes);
  const PickleNode& call = pickle[pickle.root];
  ASSERT_EQ(call.kind, PickleKind::kCall);
  EXPECT_EQ(pickle[call.items[0]].text, "module.function");
  EXPECT_EQ(pickle[pickle[call.items[1]].items[0]].integer, 7);
  EXPECT_EQ(
      ErrorOfSteps("cposix\nsystem\n" + PickledText("rm -rf /") + "\x85R"),
      "file: the pickle makes use of Python's \"posix.system\", expected a state dict, a dict of nothing but tensors "
      "(before byte 16); advice");
  EXPECT_THAT(ErrorOfSteps("cmodule.function\n\n)R"), HasSubstr("\"module.function.\""));
  EXPECT_THAT(ErrorOfSteps("c" + std::string(1000, 'm') + "\nf\n").size(), testing::Lt(500u));
}

TEST(PickleReaderTest, StepsThatDoNotFitAreErrors) {
  EXPECT_THAT(ErrorOf([] { Read("}."); }), HasSubstr("is no pickle"));
  EXPECT_THAT(ErrorOf([] { Read("\x80\x04}."); }), HasSubstr("of protocol 4, expected 2"));
  EXPECT_THAT(ErrorOfSteps(""), HasSubstr("leaves 0 objects"));
  EXPECT_THAT(ErrorOfSteps("NN"), HasSubstr("leaves 2 objects"));
  EXPECT_THAT(ErrorOfSteps("N("), HasSubstr("leaves 1 objects"));
  EXPECT_THAT(ErrorOfSteps("\x85"), HasSubstr("takes an object that it has not made"));
  EXPECT_THAT(ErrorOfSteps("N(\x85t"), HasSubstr("takes an object that it has not made"));  // from below a mark
  EXPECT_THAT(ErrorOfSteps("t"), HasSubstr("without a mark"));
  EXPECT_THAT(ErrorOfSteps("q\1"), HasSubstr("takes an object that it has not made"));
  EXPECT_THAT(ErrorOfSteps("h\1"), HasSubstr("recalls object 1"));
  EXPECT_THAT(ErrorOfSteps("NNa"), HasSubstr("adds items to None"));
  EXPECT_THAT(ErrorOfSteps(")Na"), HasSubstr("adds items to a tuple"));
  EXPECT_THAT(ErrorOfSteps("](NNu"), HasSubstr("adds items to a list"));
  EXPECT_THAT(ErrorOfSteps("}(Nu"), HasSubstr("a key without a value"));
  EXPECT_THAT(ErrorOfSteps("N)R"), HasSubstr("calls None"));
  EXPECT_THAT(ErrorOfSteps("cmodule\nfunction\nNR"), HasSubstr("without a tuple"));
  EXPECT_THAT(ErrorOfSteps("ccollections\nOrderedDict\nN\x85R"), HasSubstr("makes a dict of arguments"));
  EXPECT_THAT(ErrorOfSteps("I1\n"), HasSubstr("a step of code 73"));
  EXPECT_THAT(ErrorOfSteps("X\xff\xff\xff\xffz"), HasSubstr("a text would take 4294967295 bytes"));
  EXPECT_THAT(ErrorOf([] { Read("\x80\x02N"); }), HasSubstr("the pickle's next step would take 1 bytes"));
}

// Lists of lists of ... the same list: exponentially many if they were copied, and as deep as the pickle is long.
TEST(PickleReaderTest, SharedAndNestedObjectsCostNoMoreThanTheyAreLong) {
  const Timer timer;
  std::string steps = ")";
  for (int i = 0; i < 100'000; ++i) steps += "q\1h\1\x86";  // (x, x)
  EXPECT_THAT(ErrorOfSteps(steps), "nothing was thrown");
  EXPECT_THAT(ErrorOfSteps(std::string(1'000'000, ']') + std::string(999'999, 'a')), "nothing was thrown");
  EXPECT_THAT(ErrorOfSteps(std::string(1'000'000, '(') + std::string(1'000'000, 't')), "nothing was thrown");
  EXPECT_THAT(ErrorOfSteps(std::string(2'000'000, ']')), HasSubstr("has more than 1048576 objects"));
  std::string memo = "N";
  for (uint32_t i = 0; i < 1'100'000; ++i) memo += "r" + Raw(i);
  EXPECT_THAT(ErrorOfSteps(memo), HasSubstr("remembers more than 1048576 objects"));
  EXPECT_LT(timer.Seconds(), 20);
}

}  // namespace
}  // namespace dragoman
