// SPDX-License-Identifier: Apache-2.0
#include "decode/translation_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

struct TranslationServiceTest : testing::Test {
  std::vector<TranslatedLine> Translate(const std::vector<std::string>& lines, const DecodeOptions& options,
                                        int threads = 1, int64_t first_line = 0) {
    const InferenceModel inference(*loaded.model);
    TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, threads);
    return service.Translate(lines, options, first_line);
  }
  TranslationModel loaded = RandomTranslationModel();
};

// More lines than an engine has room for, of many lengths, with some that are empty, too long, or damaged.
std::vector<std::string> ManyLines() {
  std::vector<std::string> lines = TestSentences();
  lines.resize(70);
  for (size_t i = 0; i < lines.size(); i += 7) lines[i] += " " + lines[i + 1] + " " + lines[i + 2];
  lines[5] = "";
  lines[20] = "  ";
  lines[33] = "I see\xff a cat.";
  return lines;
}

std::vector<DecodeOptions> WaysOfDecoding() {
  DecodeOptions greedy, beam, sample;
  greedy.beam_size = 1;
  beam.n_best = 2;
  greedy.min_length = beam.min_length = 4;  // an untrained model would say nothing, else
  sample.sample = true;
  sample.n_best = 2;
  return {greedy, beam, sample};
}

// Texts and scores, to the last bit.
void ExpectSame(const TranslatedLine& a, const TranslatedLine& b) {
  ASSERT_EQ(a.n_best.size(), b.n_best.size());
  EXPECT_EQ(a.truncated, b.truncated);
  EXPECT_EQ(a.repaired, b.repaired);
  for (size_t i = 0; i < a.n_best.size(); ++i) {
    EXPECT_EQ(a.n_best[i].text, b.n_best[i].text);
    EXPECT_EQ(a.n_best[i].score, b.n_best[i].score);
    EXPECT_EQ(a.n_best[i].log_prob, b.n_best[i].log_prob);
    EXPECT_EQ(a.n_best[i].complete, b.n_best[i].complete);
  }
}

TEST_F(TranslationServiceTest, ALinesTranslationDependsOnNothingButTheLine) {
  const std::vector<std::string> lines = ManyLines();
  for (const DecodeOptions& options : WaysOfDecoding()) {
    SCOPED_TRACE(testing::Message() << "beam " << options.beam_size << ", sample " << options.sample);
    const auto all = Translate(lines, options);
    ASSERT_EQ(all.size(), lines.size());
    for (const int threads : {2, 3}) {
      const auto shared = Translate(lines, options, threads);
      for (size_t i = 0; i < lines.size(); ++i) ExpectSame(all[i], shared[i]);
    }
    for (size_t i = 0; i < lines.size(); i += 3) {  // alone, at its place in the input
      ExpectSame(all[i], Translate({lines[i]}, options, 1, static_cast<int64_t>(i)).front());
    }
  }
}

TEST_F(TranslationServiceTest, TheOrderOfLinesIsRestored) {
  const std::vector<std::string> lines = ManyLines();
  std::vector<std::string> backwards(lines.rbegin(), lines.rend());
  const DecodeOptions options;  // searching: a sample would depend on the line's number
  const auto there = Translate(lines, options), back = Translate(backwards, options, 2);
  for (size_t i = 0; i < lines.size(); ++i) ExpectSame(there[i], back[lines.size() - 1 - i]);
}

TEST_F(TranslationServiceTest, EmptyLinesGiveEmptyLines) {
  for (const DecodeOptions& options : WaysOfDecoding()) {
    const auto lines = Translate({"", "I see a cat.", "   ", "\t"}, options);
    ASSERT_EQ(lines.size(), 4u);
    for (const size_t i : {0, 2, 3}) {
      ASSERT_EQ(lines[i].n_best.size(), 1u);
      EXPECT_EQ(lines[i].n_best[0].text, "");
      EXPECT_EQ(lines[i].n_best[0].score, 0);
      EXPECT_FALSE(lines[i].truncated);
    }
    EXPECT_LT(lines[1].n_best[0].log_prob, 0);
  }
  EXPECT_TRUE(Translate({}, DecodeOptions()).empty());
}

TEST_F(TranslationServiceTest, OverLongInputIsFlaggedAndItsLeftPartTranslated) {
  std::string line = "the teacher see my friend. a student call our neighbour.";
  for (int i = 0; i < 6; ++i) line += line;  // thousands of tokens
  const auto lines = Translate({"I see a cat.", line, line + " and more", "you help a cat."}, DecodeOptions());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_FALSE(lines[0].truncated);
  EXPECT_TRUE(lines[1].truncated);
  EXPECT_TRUE(lines[2].truncated);
  EXPECT_FALSE(lines[3].truncated);
  ExpectSame(lines[1], lines[2]);  // their left parts are the same
}

TEST_F(TranslationServiceTest, DamagedTextIsFlaggedAndTranslatedAsRepaired) {
  const auto lines = Translate({"I see\xff a cat.", std::string("I\0see", 5), "I see a cat."}, DecodeOptions());
  EXPECT_TRUE(lines[0].repaired);
  EXPECT_TRUE(lines[1].repaired);
  EXPECT_FALSE(lines[2].repaired);
  EXPECT_EQ(lines[1].n_best[0].text, Translate({"I see"}, DecodeOptions())[0].n_best[0].text);
}

TEST_F(TranslationServiceTest, UnknownCharactersAreCounted) {
  const auto lines = Translate({"I see a cat.", "I see ΩΩ 🐉", "", "Ω"}, DecodeOptions());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(lines[i].unknown, (std::array{0, 3, 0, 1}[i]));
    EXPECT_EQ(lines[i].empty, i == 2);
  }
}

TEST_F(TranslationServiceTest, NBestComesBestFirst) {
  DecodeOptions options;
  options.n_best = 4;
  for (const TranslatedLine& line : Translate(TestSentences(), options, 2)) {
    ASSERT_EQ(line.n_best.size(), 4u);
    for (size_t i = 1; i < 4; ++i) {
      const Translation &better = line.n_best[i - 1], &worse = line.n_best[i];
      EXPECT_TRUE(better.complete != worse.complete ? better.complete : better.score >= worse.score);
    }
  }
}

// Whatever is asked of one service by several threads at once, and by models that share the machine.
TEST_F(TranslationServiceTest, SeveralThreadsMayAskAtOnce) {
  const std::vector<std::string> lines = ManyLines();
  const auto expected = Translate(lines, {});
  const InferenceModel inference(*loaded.model);
  TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, /*threads=*/2);
  std::vector<std::vector<TranslatedLine>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = service.Translate(lines); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) {
    ASSERT_EQ(result.size(), lines.size());
    for (size_t i = 0; i < lines.size(); ++i) ExpectSame(result[i], expected[i]);
  }
}

TEST_F(TranslationServiceTest, OptionsAreChecked) {
  const InferenceModel inference(*loaded.model);
  TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, 1);
  EXPECT_THROW(service.Translate({"I see a cat."}, {.beam_size = 0}), OptionError);
}

TEST_F(TranslationServiceTest, TheUnknownTokenIsChosenOnlyWhereAllowed) {
  loaded.model->parameters().Writable("output.bias")[loaded.vocabs.tgt->unk_id()] = 50;
  const std::string unknown = loaded.vocabs.tgt->Decode(std::vector<int32_t>{loaded.vocabs.tgt->unk_id()});
  DecodeOptions options;
  EXPECT_EQ(Translate({"I see a cat."}, options)[0].n_best[0].text.find(unknown), std::string::npos);
  options.allow_unk = true;
  EXPECT_NE(Translate({"I see a cat."}, options)[0].n_best[0].text.find(unknown), std::string::npos);
}

TEST_F(TranslationServiceTest, WithoutAFiniteNumberALineHasAnErrorAndNoScore) {
  loaded = PoisonedTranslationModel();
  const auto lines = Translate({"I see", "Ω", "", "you help"}, {}, /*threads=*/2);
  for (size_t i = 0; i < 4; ++i) {
    const Translation& best = lines[i].n_best.front();
    EXPECT_EQ(lines[i].error.empty(), i != 1);
    EXPECT_EQ(std::isfinite(best.score) && std::isfinite(best.log_prob), i != 1);
  }
  EXPECT_EQ(lines[1].n_best.front().text, "");
  EXPECT_FALSE(lines[1].n_best.front().complete);
}

TEST_F(TranslationServiceTest, DamagedWeightsAreAnErrorOfEveryLine) {
  for (float& w : loaded.model->parameters().values()) w = std::numeric_limits<float>::quiet_NaN();
  for (const TranslatedLine& line : Translate(ManyLines(), DecodeOptions(), 2)) {
    EXPECT_EQ(line.error.empty(), line.empty);
  }
}

// Lines as a user would have cut them, and what is found for them as text again.
struct CutLineTest : TranslationServiceTest {
  std::string Cut(const Tokenizer& vocab, const std::string& text, LineForm form) const {
    return LineOf(vocab, vocab.Encode(text), form);
  }
  std::string Joined(const std::string& line, LineForm form) const {
    const Tokenizer& vocab = *loaded.vocabs.tgt;
    std::vector<int32_t> tokens = TokenizeLine(vocab, line, 1000, form).tokens;
    if (tokens.empty()) return "";
    tokens.erase(tokens.begin(), tokens.begin() + std::ssize(vocab.sentence().prefix));
    tokens.pop_back();
    return vocab.Decode(tokens);
  }
};

TEST_F(CutLineTest, IsTranslatedAsItsTextIs) {
  std::vector<std::string> lines = ManyLines();
  lines[33] = "I see a cat.";  // what is not UTF-8 nobody has cut
  for (const bool odd : {false, true}) {
    if (odd) loaded = OddTranslationModel();
    for (DecodeOptions options : WaysOfDecoding()) {
      const auto expected = Translate(lines, options);
      for (const LineForm form : {LineForm::kPieces, LineForm::kIds}) {
        options.line_form = form;
        std::vector<std::string> cut;
        for (const std::string& line : lines) cut.push_back(Cut(*loaded.vocabs.src, line, form));
        auto found = Translate(cut, options, /*threads=*/2);
        for (size_t i = 0; i < lines.size(); ++i) {
          for (Translation& translation : found[i].n_best) translation.text = Joined(translation.text, form);
          ExpectSame(found[i], expected[i]);
        }
      }
    }
  }
}

TEST_F(CutLineTest, IsScoredAsItsTextIs) {
  loaded = OddTranslationModel();
  const std::vector<std::string> sources = {"I see a cat.", "you help"}, targets = {"我看见一只猫", ""};
  const InferenceModel inference(*loaded.model);
  TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, 1);
  const auto expected = service.Score(sources, targets);
  for (const LineForm form : {LineForm::kPieces, LineForm::kIds}) {
    std::vector<std::string> src, tgt;
    for (const std::string& source : sources) src.push_back(Cut(*loaded.vocabs.src, source, form));
    for (const std::string& target : targets) tgt.push_back(Cut(*loaded.vocabs.tgt, target, form));
    const auto found = service.Score(src, tgt, form);
    for (size_t i = 0; i < 2; ++i) EXPECT_EQ(found[i].token_log_probs, expected[i].token_log_probs);
  }
}

TEST_F(CutLineTest, TheFirstThatIsNoneIsNamedBeforeAnyWork) {
  const InferenceModel inference(*loaded.model);
  TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, 2);
  const auto message = [](const auto& work) { return MessageOf<FileError>(work).substr(0, 14); };
  DecodeOptions ids;
  ids.line_form = LineForm::kIds;
  EXPECT_EQ(message([&] { service.Translate({"5", "x", "6 7 8 9 y"}, ids, /*first_line=*/100); }), "source:102: \"x");
  EXPECT_EQ(message([&] { service.Score({"5", "6"}, {"7", "-1"}, LineForm::kIds, 10); }), "target:12: \"-1");
  EXPECT_EQ(service.Translate({"5 6"}, ids).size(), 1u) << "and the service goes on";
}

// Rows of the tables are permuted as the ids are, and two rows without a piece stand in front, one behind; so the text
// is the same.
TEST(TokenizerSettingsTest, AnotherNumberingOfTheSameModelTranslatesAlike) {
  TranslationModel loaded = RandomTranslationModel();
  const Tokenizer& usual = *loaded.vocabs.tgt;
  constexpr int32_t kGap = 2;
  TokenizerSettings settings;
  for (int32_t piece = 0; piece < usual.size(); ++piece) settings.ids.push_back(kGap + usual.size() - 1 - piece);
  TransformerConfig config = loaded.model->config();
  settings.padding_rows = 1;
  config.src_vocab = config.tgt_vocab = usual.size() + kGap + 1;
  config.decoder_start = settings.ids[static_cast<size_t>(config.decoder_start)];
  TranslationModel other{RandomModel(config), loaded.vocabs};
  other.vocabs = WithSettings(loaded.vocabs, TokenizerSettingsPair{settings, settings}.ToJson(), "settings");
  for (const auto& parameter : loaded.model->parameters().parameters()) {
    const std::span<float> from = loaded.model->parameters().Writable(parameter->name);
    const std::span<float> to = other.model->parameters().Writable(parameter->name);
    if (from.size() == to.size()) {
      std::ranges::copy(from, to.begin());
      continue;
    }
    const size_t width = from.size() / static_cast<size_t>(usual.size());
    std::ranges::fill(to, parameter->name == "output.bias" ? 50.0f : 0.0f);  // what is said, were it allowed
    for (size_t piece = 0; piece < settings.ids.size(); ++piece) {
      std::ranges::copy(
          from.subspan(piece * width, width),
          to.begin() + static_cast<std::ptrdiff_t>(settings.ids[piece]) * std::ssize(from) / usual.size());
    }
  }
  RequireFit(other.vocabs, config, "directory");
  config.tgt_vocab = config.src_vocab = usual.size() + kGap + 2;
  EXPECT_THROW(RequireFit(other.vocabs, config, "directory"), FormatError);
  const InferenceModel first_model(*loaded.model), second_model(*other.model);
  TranslationService first(first_model, {*loaded.vocabs.src, *loaded.vocabs.tgt}, 1);
  TranslationService second(second_model, {*other.vocabs.src, *other.vocabs.tgt}, 1);
  const std::vector<std::string> lines = {"I see a cat.", "you like the doctor."};
  const auto expected = first.Translate(lines), found = second.Translate(lines);
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(found[i].n_best[0].text, expected[i].n_best[0].text);
}

}  // namespace
}  // namespace dragoman
