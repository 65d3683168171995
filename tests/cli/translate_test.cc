// SPDX-License-Identifier: Apache-2.0
// dragoman translate: n lines in, n lines out, whatever they are and however they come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

Finished Translate(const Args& flags, const std::string& input) {
  Finished run = Dragoman(Args{"translate", "--model", TinyRun(), "--threads", "1"} + flags, input);
  EXPECT_EQ(run.code, 0) << run.err;
  return run;
}

// Some sentences of letters, as the model was trained on.
std::string Letters(int lines) {
  std::string input;
  for (int i = 0; i < lines; ++i) {
    for (int n = 0; n <= i % 7; ++n) input += std::string(1, static_cast<char>('a' + (i * 5 + n * n) % 8)) + " ";
    input += "\n";
  }
  return input;
}

TEST(TranslateTest, EveryLineIsAnsweredByOneLine) {
  const std::string input = "a b c\n\nh g\r\n   \nzzz 我 \xFF\xFE\n" + std::string("a\0b\n", 4) + "last without end";
  for (const Args& flags :
       {Args{}, Args{"--beam-size", "1"}, Args{"--chunk-lines", "2"}, Args{"--sample"}, Args{"--format", "jsonl"}}) {
    const Finished run = Translate(flags, input);
    EXPECT_EQ(Lines(run.out).size(), 7u) << testing::PrintToString(flags);
    EXPECT_EQ(run.out.back(), '\n');
  }
  const auto lines = Lines(Translate({}, input).out);
  EXPECT_EQ(lines[1], "");  // an empty line translates to one
  EXPECT_EQ(lines[3], "");
  EXPECT_EQ(lines[0], Lines(Translate({}, "a b c").out)[0]);
  EXPECT_EQ(Translate({}, "").out, "");
  EXPECT_EQ(Translate({}, "\n").out, "\n");
}

TEST(TranslateTest, ManyLinesKeepTheirOrder) {
  std::string input;
  for (int i = 0; i < 3000; ++i)
    input += std::string(1, static_cast<char>('a' + i % 8)) + (i % 3 == 0 ? " b c d\n" : "\n");
  const auto together = Lines(Translate({"--beam-size", "1"}, input).out);
  const auto chunked = Lines(Translate({"--beam-size", "1", "--chunk-lines", "100", "--threads", "2"}, input).out);
  ASSERT_EQ(together.size(), 3000u);
  EXPECT_EQ(together, chunked);
  for (size_t i = 24; i < together.size(); ++i) ASSERT_EQ(together[i], together[i - 24]) << i;
}

TEST(TranslateTest, JsonlIsJsonWithEveryPromisedField) {
  const Finished run =
      Translate({"--format", "jsonl"}, "a b\n\n\xFF\n" + std::string(100, 'a') + "\n\"quoted\\\" \t\n");
  const auto lines = Lines(run.out);
  ASSERT_EQ(lines.size(), 5u);
  for (size_t i = 0; i < lines.size(); ++i) {
    const json line = json::parse(lines[i]);
    EXPECT_EQ(line.at("line"), i);
    EXPECT_TRUE(line.at("translation").is_string());
    EXPECT_TRUE(line.at("score").is_number());
    EXPECT_LE(line.at("log_prob"), 0);
    EXPECT_TRUE(line.at("complete").is_boolean());
    EXPECT_EQ(line.at("truncated"), i == 3) << lines[i];  // 100 letters, but the model takes 20 tokens
    EXPECT_EQ(line.at("repaired"), i == 2);
    EXPECT_EQ(line.at("unknown"), (std::array{0, 0, 1, 0, 7}[i])) << lines[i];  // U+FFFD; all but d and e
    EXPECT_FALSE(line.contains("n_best"));
  }
  EXPECT_THAT(run.err, AllOf(HasSubstr("cut 1 line to the model's 20 tokens"),
                             HasSubstr("invalid UTF-8 or NUL bytes of 1 line as")));
}

TEST(TranslateTest, CharactersThatTheVocabularyLacksAreCounted) {
  const Finished run = Translate({"--format", "jsonl"}, "a b\n你好 a\nb 世\n");
  std::vector<int> unknown;
  for (const std::string& line : Lines(run.out)) unknown.push_back(json::parse(line).at("unknown"));
  EXPECT_THAT(unknown, ElementsAre(0, 2, 1));
  EXPECT_THAT(run.err, HasSubstr("the vocabulary lacks 3 characters of 2 lines, translated as <unk>"));
  EXPECT_EQ(Translate({}, "a b\n").err, "");
}

TEST(TranslateTest, NBestChangesNoTranslation) {
  const std::string input = Letters(60);
  for (const char* stopping : {"first", "bound", "beam", "full", "narrow"}) {
    const Args flags = {"--stopping", stopping, "--length-penalty", "1", "--length-penalty-form", "power"};
    const std::string best = Translate(flags, input).out;
    std::string of_lists;
    for (const std::string& line : Lines(Translate(flags + Args{"--n-best", "--format", "jsonl"}, input).out)) {
      of_lists += json::parse(line).at("translation").get<std::string>() + "\n";
    }
    EXPECT_EQ(of_lists, best) << stopping;
  }
}

TEST(TranslateTest, NBestIsRankedAndNumbered) {
  const auto lines = Lines(Translate({"--n-best", "3"}, "a b\n\nc\n").out);
  ASSERT_EQ(lines.size(), 7u);  // three, one for the empty line, three
  for (size_t i = 0; i < lines.size(); ++i)
    EXPECT_THAT(lines[i], MatchesRegex("[0-2] \\|\\|\\| .* \\|\\|\\| -?[0-9.]+")) << i;
  EXPECT_THAT(lines[3], StartsWith("1 |||  ||| "));
  EXPECT_THAT(lines[4], StartsWith("2 ||| "));
  const json line = json::parse(Translate({"--n-best", "3", "--format", "jsonl"}, "a b\n").out);
  ASSERT_EQ(line.at("n_best").size(), 3u);
  EXPECT_EQ(line.at("n_best")[0].at("translation"), line.at("translation"));
  EXPECT_GE(line.at("n_best")[0].at("score"), line.at("n_best")[1].at("score"));
}

TEST(TranslateTest, NBestsNumberIsOptionalWhereverItStands) {
  const Args model = {"--model", TinyRun(), "--threads", "1"};
  for (const Args& args : {Args{"translate", "--n-best"} + model, Args{"translate"} + model + Args{"--n-best"},
                           Args{"translate"} + model + Args{"--n-best", "--beam-size", "4"}}) {
    const Finished run = Dragoman(args, "a b\n");
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(Lines(run.out).size(), 4u) << testing::PrintToString(args);
  }
  EXPECT_EQ(Lines(Translate({"--n-best=2"}, "a b\n").out).size(), 2u);
  EXPECT_EQ(Lines(Translate({"--n-best", "6", "--beam-size", "8"}, "a b\n").out).size(), 6u);
}

TEST(TranslateTest, AServiceMayAskLineByLine) {
  RunningDragoman service({"translate", "--model", TinyRun(), "--threads", "1", "--format", "jsonl"});
  for (int i = 0; i < 5; ++i) {
    service.Write("a b c\n");  // the pipe stays open
    const std::string answer = service.ReadLine(/*seconds=*/20);
    ASSERT_NE(answer, "") << "no answer to line " << i;
    EXPECT_EQ(json::parse(answer).at("line"), i);
  }
  service.CloseInput();
  EXPECT_EQ(service.Wait(), 0);
}

TEST(TranslateTest, AReaderThatLeavesEndsItQuietly) {
  const Finished run =
      Bash("yes 'a b c' | \"$DRAGOMAN\" translate --threads 1 --beam-size 1 --model " + TinyRun() + " | head -n 1");
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(Lines(run.out).size(), 1u);
  EXPECT_EQ(run.err, "");
}

TEST(TranslateTest, AFullDiskIsAFailureAtOnce) {
  const Finished run =
      Bash("yes 'a b c' | \"$DRAGOMAN\" translate --threads 1 --beam-size 1 --model " + TinyRun() + " > /dev/full");
  EXPECT_EQ(run.code, 1);  // though the input never ends
  EXPECT_THAT(run.err, HasSubstr("stdout: cannot be written"));
}

// A copy of the model, without checksums, in which `file` holds `bytes`, or is missing when that is a null pointer.
std::string Damaged(const std::string& file, const char* bytes, size_t size) {
  const std::string copy = Scratch("damaged");
  EXPECT_EQ(Bash("rm -rf " + copy + " && cp -rL " + TinyRun() + "/best " + copy + " && rm " + copy + "/MANIFEST.json " +
                 copy + "/" + file)
                .code,
            0);
  if (bytes != nullptr) WriteScratch("damaged/" + file, std::string(bytes, size));
  return copy;
}

TEST(TranslateTest, ADamagedModelIsOneClearLine) {
  for (const char* file : {"config.json", "model.safetensors", "vocab.model"}) {
    const std::string whole = FileText(TinyRun() + "/best/" + file);
    const std::string half = whole.substr(0, whole.size() / 2), noise(whole.size(), '\x9B');
    for (const std::string* bytes : std::initializer_list<const std::string*>{nullptr, &half, &noise}) {
      const std::string model =
          Damaged(file, bytes != nullptr ? bytes->data() : nullptr, bytes != nullptr ? bytes->size() : 0);
      const Finished run = Dragoman({"translate", "--model", model}, "a\n");
      EXPECT_EQ(run.code, 1) << file << run.signal;
      EXPECT_EQ(run.out, "");
      EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
      EXPECT_THAT(run.err, StartsWith("dragoman: " + model)) << file;
    }
  }
}

TEST(TranslateTest, OneFlippedBitOfACheckpointIsNoticed) {
  const std::string copy = Scratch("flipped");
  ASSERT_EQ(Bash("rm -rf " + copy + " && cp -rL " + TinyRun() + "/best " + copy).code, 0);
  EXPECT_EQ(Dragoman({"translate", "--model", copy}, "a\n").code, 0);
  std::string weights = FileText(copy + "/model.safetensors");
  weights[weights.size() - 3] ^= 1;  // a bit of the last number's fraction: no less a model, but not the one saved
  WriteScratch("flipped/model.safetensors", weights);
  const Finished run = Dragoman({"translate", "--model", copy}, "a\n");
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, StartsWith("dragoman: " + copy + "/model.safetensors: has CRC-32"));
  EXPECT_EQ(Lines(Translate({"--model", copy, "--no-verify"}, "a\n").out).size(), 1u) << "nobody was to look";
}

size_t MostWords(const std::string& text) {
  size_t most = 0;
  for (const std::string& line : Lines(text)) {
    most = std::max(most, static_cast<size_t>(std::count(line.begin(), line.end(), ' ')) + 1);
  }
  return most;
}

// Hot enough for every length there can be.
const Args kHot = {"--sample", "--temperature", "9"};

TEST(TranslateTest, LengthIsLimitedByNumberAndByFactor) {
  const std::string input = Letters(60);
  EXPECT_GT(MostWords(Translate(kHot, input).out), 12u);
  const Finished number = Translate(kHot + Args{"--max-length", "3"}, input);
  EXPECT_LE(MostWords(number.out), 3u);
  EXPECT_THAT(number.err, HasSubstr("the model's own is 30 tokens"));
  EXPECT_LE(MostWords(Translate(kHot + Args{"--max-length-factor", "0.1"}, input).out), 12u);
  EXPECT_THAT(Translate({"--max-length", "1000"}, "a\n").err,
              HasSubstr("--max-length is 1000, but the model's limit of 30 tokens holds"));
}

TEST(TranslateTest, SamplingFromOneTokenIsGreedySearch) {
  const std::string input = Letters(20), greedy = Translate({"--beam-size", "1"}, input).out;
  EXPECT_EQ(Translate(kHot + Args{"--top-k", "1"}, input).out, greedy);
  EXPECT_EQ(Translate(kHot + Args{"--top-p", "1e-6"}, input).out, greedy);
  EXPECT_EQ(Translate({"--sample", "--temperature", "1e-6"}, input).out, greedy);
  EXPECT_NE(Translate(kHot, input).out, greedy);
}

TEST(TranslateTest, TheLengthPenaltyHasTwoForms) {
  const auto tokens_by = [](const char* form, const auto& tokens_of_ratio) {
    const json line = json::parse(
        Translate({"--beam-size", "1", "--length-penalty", "1", "--length-penalty-form", form, "--format", "jsonl"},
                  "a b c\n")
            .out);
    return tokens_of_ratio(line.at("log_prob").get<double>() / line.at("score").get<double>());
  };
  const double by_power = tokens_by("power", [](double ratio) { return ratio; });
  const double by_wu = tokens_by("wu", [](double ratio) { return ratio * 6 - 5; });
  EXPECT_NEAR(by_power, std::round(by_power), 1e-6);
  EXPECT_NEAR(by_power, by_wu, 1e-6);
  EXPECT_GT(by_power, 1.5);
}

TEST(TranslateTest, StoppingDecidesWhatIsFound) {
  const auto scores = [](const char* stopping) {
    std::vector<double> found;
    for (const std::string& line :
         Lines(Translate({"--stopping", stopping, "--length-penalty", "2", "--beam-size", "2", "--format", "jsonl"},
                         Letters(40))
                   .out)) {
      found.push_back(json::parse(line).at("score"));
    }
    return found;
  };
  const auto first = scores("first"), bound = scores("bound"), beam = scores("beam");
  EXPECT_NE(first, bound);
  EXPECT_NE(first, beam);
  EXPECT_NE(bound, beam);
}

TEST(TranslateTest, TheUnknownTokenNeedsLeave) {
  const Args hot = kHot + Args{"--temperature", "50"};
  EXPECT_THAT(Translate(hot, Letters(60)).out, testing::Not(HasSubstr("⁇")));
  EXPECT_THAT(Translate(hot + Args{"--allow-unk"}, Letters(60)).out, HasSubstr("⁇"));
}

TEST(TranslateTest, CutLinesGiveWhatTheirTextGives) {
  const std::string input = Letters(40) + "\n";
  const std::string expected = Translate({}, input).out;
  for (const std::string form : {"pieces", "ids"}) {
    const Finished cut = Dragoman({"encode", "--model", TinyRun(), "--output-format", form}, input);
    const Finished found = Translate({"--" + form}, cut.out);
    EXPECT_EQ(found.err, "");
    EXPECT_NE(found.out, expected);
    const Args decode = {"decode", "--model", TinyRun(), "--side", "tgt", "--input-format", form};
    EXPECT_EQ(Dragoman(decode, found.out).out, expected);
    const std::string output = Scratch("cut." + form);
    for (const char* threads : {"1", "2"}) {
      EXPECT_EQ(
          Dragoman({"translate", "--model", TinyRun(), "--" + form, "--output", output, "--threads", threads}, cut.out)
              .code,
          0);
      EXPECT_EQ(FileText(output), found.out);
    }
    const auto n_best = Lines(Translate({"--" + form, "--n-best", "2"}, cut.out).out);
    EXPECT_THAT(n_best[0], StartsWith("0 ||| " + Lines(found.out)[0] + " ||| "));
    const json object = json::parse(Lines(Translate({"--" + form, "--format", "jsonl"}, cut.out).out)[0]);
    EXPECT_EQ(object.at("translation"), Lines(found.out)[0]);
  }
}

TEST(TranslateTest, OfCutLinesThatAreNoneTheFirstIsNamed) {
  const auto expect_error = [](const Args& flags, const std::string& input, const std::string& what) {
    const Finished run = Dragoman(Args{"translate", "--model", TinyRun(), "--chunk-lines", "2"} + flags, input);
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
    EXPECT_THAT(run.err, HasSubstr(what));
    EXPECT_THAT(Lines(run.out).size(), testing::Le(2u));
  };
  expect_error({"--ids"}, "5\n\n6 12345\nx\n", "dragoman: source:3: \"12345\" is not an id of ");
  expect_error({"--pieces"}, "▁a </s>\n", "dragoman: source:1: \"</s>\" is what ends a sentence");
  const Finished run = Dragoman({"translate", "--model", TinyRun(), "--ids", "--pieces"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, AllOf(HasSubstr("--ids"), HasSubstr("--pieces")));
  EXPECT_THAT(Translate({"--pieces"}, "▁a x你 <unk>\n").err, HasSubstr("the vocabulary lacks 3 characters of 1 line"));
}

TEST(TranslateTest, DrawnBytesAreStillLinesOfTextThatEvalReads) {
  TinyTraining();  // writes the texts
  const std::string vocab = Scratch("bytes.model"), run = Scratch("bytes");
  ASSERT_EQ(Dragoman({"vocab", "--input", Scratch("train.src"), "--size", "270", "--type", "bpe", "--byte-fallback",
                      "--quiet", "--output", vocab})
                .code,
            0);
  const Finished trained = Dragoman(TinyTraining() + Args{"--vocab", vocab, "--max-steps", "1", "--output", run});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Finished sampled = Dragoman({"translate", "--model", run, "--sample", "--temperature", "50"}, Letters(60));
  EXPECT_EQ(Lines(sampled.out).size(), 60u);
  for (const char c : sampled.out) EXPECT_TRUE(c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20);
  const std::string file = WriteScratch("sampled", sampled.out);
  const Finished eval = Dragoman({"eval", "--metric", "chrf", "--ref", file, "--hyp", file});
  EXPECT_EQ(eval.code, 0) << eval.err;
}

TEST(TranslateTest, SamplingIsSeeded) {
  const auto sample = [](const char* seed) {
    return Translate({"--sample", "--seed", seed, "--temperature", "3"}, "a b c d e\n").out;
  };
  EXPECT_EQ(sample("1"), sample("1"));
  EXPECT_NE(sample("1"), sample("2"));
}

}  // namespace
}  // namespace dragoman
