// SPDX-License-Identifier: Apache-2.0
#include "decode/attention_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "decode/tokenized_line.h"
#include "decode/translation_service.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

// Pieces joined, as text.
std::string Spelt(std::string pieces) {
  const std::string mark = "▁";
  for (size_t at = pieces.find(mark); at != std::string::npos; at = pieces.find(mark)) {
    pieces.replace(at, mark.size(), at == 0 ? "" : " ");
  }
  return pieces;
}

void ExpectRowsOfOne(const AttentionMap& map, const std::vector<float>& weights) {
  ASSERT_EQ(weights.size(), map.target.size() * map.source.size());
  for (size_t t = 0; t < map.target.size(); ++t) {
    double sum = 0;
    for (size_t s = 0; s < map.source.size(); ++s) sum += double{weights[t * map.source.size() + s]};
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(AttentionMapTest, RowsSumToOneForEveryLayerAndHeadAndTheirMean) {
  const TranslationModel loaded = RandomTranslationModel();
  const AttentionMap map = MapAttention(loaded, "I see a cat.", "我看见一只猫");
  EXPECT_EQ(map.layers, 2);
  EXPECT_EQ(map.heads, 2);
  EXPECT_EQ(map.source.back(), "</s>");
  EXPECT_EQ(map.target.back(), "</s>");
  EXPECT_EQ(map.source.size(), loaded.vocabs.src->Encode("I see a cat.").size() + 1);
  EXPECT_EQ(map.target.size(), loaded.vocabs.tgt->Encode("我看见一只猫").size() + 1);
  for (const int layer : {-1, 0, 1}) {
    for (const int head : {-1, 0, 1}) ExpectRowsOfOne(map, map.Weights(layer, head));
  }
}

TEST(AttentionMapTest, OfIdsIsThatOfTheirText) {
  const TranslationModel loaded = RandomTranslationModel();
  const auto cut = [&](const std::string& text) {
    return LineOf(*loaded.vocabs.src, loaded.vocabs.src->Encode(text), LineForm::kIds);
  };
  DecodeOptions ids;
  ids.line_form = LineForm::kIds;
  const std::string source = "I see a cat.";
  for (const std::string target : {"", "我看见一只猫"}) {
    const AttentionMap expected = MapAttention(loaded, source, target);
    const AttentionMap map = MapAttention(loaded, cut(source), cut(target), ids);
    EXPECT_EQ(map.source, expected.source);
    EXPECT_EQ(map.target, expected.target);
    EXPECT_EQ(map.Weights(-1, -1), expected.Weights(-1, -1));
  }
  EXPECT_THROW(MapAttention(loaded, "x", "", ids), FileError);
  EXPECT_THROW(MapAttention(loaded, cut(source), "x", ids), FileError);
}

TEST(AttentionMapTest, ASegmentIsOneColumnAndPassesAreAveraged) {
  const TranslationModel usual = RandomTranslationModel();
  TransformerConfig config = usual.model->config();
  config.segment_end = usual.vocabs.src->Encode(".").back();
  config.decoder_repeats = 2;
  const AttentionMap map = MapAttention({RandomModel(config), usual.vocabs}, "I see a cat. It sees", "cat");
  ASSERT_EQ(map.source.size(), 2u);
  EXPECT_EQ(Spelt(map.source[0]), "I see a cat.");
  EXPECT_EQ(map.source[1].substr(map.source[1].size() - 4), "</s>");
  for (const int layer : {-1, 0, 1}) ExpectRowsOfOne(map, map.Weights(layer, -1));
}

TEST(AttentionMapTest, TemplatesAreTokensLikeOthers) {
  const TranslationModel loaded = OddTranslationModel();
  const AttentionMap given = MapAttention(loaded, "I see a cat.", "我看见一只猫"),
                     found = MapAttention(loaded, "I see a cat.", "");
  EXPECT_EQ(given.target.size(), 2 + loaded.vocabs.tgt->Encode("我看见一只猫").size() + 1);
  for (const AttentionMap* map : {&given, &found}) {
    EXPECT_EQ(map->source.front(), "<a>");
    EXPECT_EQ(map->source[map->source.size() - 2], "</s>");
    EXPECT_EQ(map->source.back(), "<b>");
    ASSERT_GE(map->target.size(), 3u);
    EXPECT_EQ(map->target[0], "<b>");
    EXPECT_EQ(map->target[1], "<a>");
    EXPECT_EQ(std::count(map->target.begin(), map->target.end(), "<b>"), 1);
    EXPECT_EQ(map->target.back() == "</s>", !map->translation_cut);
    ExpectRowsOfOne(*map, map->Weights(-1, -1));
  }
}

TEST(AttentionMapTest, MinusOneIsTheMean) {
  const AttentionMap map = MapAttention(RandomTranslationModel(), "I see a cat.", "我看见一只猫");
  const auto expect_mean_of = [&](const std::vector<float>& mean, const std::vector<std::pair<int, int>>& parts) {
    for (size_t i = 0; i < mean.size(); ++i) {
      double sum = 0;
      for (const auto& [layer, head] : parts) sum += double{map.Weights(layer, head)[i]};
      EXPECT_NEAR(mean[i], sum / static_cast<double>(parts.size()), 1e-6);
    }
  };
  expect_mean_of(map.Weights(-1, -1), {{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  expect_mean_of(map.Weights(1, -1), {{1, 0}, {1, 1}});
  expect_mean_of(map.Weights(-1, 0), {{0, 0}, {1, 0}});
  EXPECT_NE(map.Weights(0, 0), map.Weights(0, 1));
  EXPECT_NE(map.Weights(0, 0), map.Weights(1, 0));
}

TEST(AttentionMapTest, RefusesALayerOrHeadThatIsNotThere) {
  const AttentionMap map = MapAttention(RandomTranslationModel(), "I see a cat.", "我");
  for (const auto& [layer, head] : {std::pair(2, 0), std::pair(0, 2), std::pair(-2, 0), std::pair(0, -2)}) {
    try {
      map.Weights(layer, head);
      ADD_FAILURE() << layer << ", " << head;
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("`layer` " + std::to_string(layer) + " `head` " +
                                                   std::to_string(head) + " is not in the model"));
      EXPECT_THAT(error.what(), testing::HasSubstr("expected layers 0 to 1 and heads 0 to 1, or -1 for all"));
    }
  }
}

TEST(AttentionMapTest, TranslatesWhereNoTargetIsGiven) {
  const TranslationModel loaded = RandomTranslationModel();
  const AttentionMap map = MapAttention(loaded, "I see a cat.", "");
  const AttentionMap blank = MapAttention(loaded, "I see a cat.", "  ");  // white space has no tokens either
  EXPECT_EQ(blank.target, map.target);
  EXPECT_EQ(map.target.back(), "</s>");
  ExpectRowsOfOne(map, map.Weights(-1, -1));
}

// The same pieces as the translation's text: an untrained model writes none that other pieces spell.
TEST(AttentionMapTest, TheTranslationIsTheTranslators) {
  const TranslationModel loaded = RandomTranslationModel(/*end_bias=*/0);
  DecodeOptions greedy, bound, sample;
  greedy.beam_size = 1;
  bound.stopping = Stopping::kBound;
  bound.max_length = 7;
  sample.sample = true;
  std::set<std::string> found;
  for (const DecodeOptions& options : {DecodeOptions(), greedy, bound, sample}) {
    const InferenceModel inference(*loaded.model);
    TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, 1);
    std::string all;
    for (const std::string& line : TestSentences()) {
      AttentionMap map = MapAttention(loaded, line, "", options);
      const Translation expected = service.Translate({line}, options).front().n_best.front();
      if (!map.translation_cut) map.target.pop_back();
      std::string text;
      for (const std::string& piece : map.target) text += piece;
      EXPECT_EQ(Spelt(text), expected.text);
      EXPECT_EQ(map.translation_cut, !expected.complete);
      all += text;
    }
    EXPECT_TRUE(found.insert(all).second) << "no other options found all of it";
  }
}

TEST(AttentionMapTest, WeightsThatAreNotFiniteAreAnError) {
  EXPECT_THROW(MapAttention(PoisonedTranslationModel(), "Ω", "我"), NumericError);
  EXPECT_THROW(MapAttention(PoisonedTranslationModel(), "Ω", ""), NumericError);
  EXPECT_NO_THROW(MapAttention(PoisonedTranslationModel(), "I see", "我"));
}

TEST(AttentionMapTest, TextsUpToTheModelsLimitFit) {
  const TranslationModel never_ends = RandomTranslationModel(/*end_bias=*/-1e9f);
  std::string longer;
  for (int i = 0; i < 30; ++i) longer += "a cat ";
  const AttentionMap translated = MapAttention(never_ends, longer, "");
  EXPECT_EQ(translated.source.size(), 24u);
  EXPECT_EQ(translated.target.size(), 24u);
  ExpectRowsOfOne(translated, translated.Weights(-1, -1));
  const AttentionMap given = MapAttention(never_ends, "a cat", longer);
  EXPECT_EQ(given.target.size(), 24u);
  EXPECT_EQ(given.target.back(), "</s>");
}

TEST(AttentionMapTest, SaysWhatWasCutOrRepaired) {
  const TranslationModel loaded = RandomTranslationModel(), never_ends = RandomTranslationModel(/*end_bias=*/-1e9f);
  const std::string longer(100, 'a');
  const auto flags = [](const AttentionMap& map) {
    return std::vector<bool>{map.source_truncated, map.target_truncated, map.translation_cut, map.repaired};
  };
  EXPECT_EQ(flags(MapAttention(loaded, "a cat", "我")), (std::vector<bool>{false, false, false, false}));
  EXPECT_EQ(flags(MapAttention(loaded, longer, "我")), (std::vector<bool>{true, false, false, false}));
  EXPECT_EQ(flags(MapAttention(loaded, "a cat", longer)), (std::vector<bool>{false, true, false, false}));
  EXPECT_EQ(flags(MapAttention(loaded, "a\xFF", "我")), (std::vector<bool>{false, false, false, true}));
  EXPECT_EQ(flags(MapAttention(loaded, "a", "我\xFF")), (std::vector<bool>{false, false, false, true}));
  const AttentionMap cut = MapAttention(never_ends, "a cat", "");
  EXPECT_EQ(flags(cut), (std::vector<bool>{false, false, true, false}));
  EXPECT_NE(cut.target.back(), "</s>") << "the model did not choose it";
}

TEST(AttentionMapTest, RefusesAnEmptySource) {
  const TranslationModel loaded = RandomTranslationModel();
  EXPECT_THROW(MapAttention(loaded, "", "我"), OptionError);
  EXPECT_THROW(MapAttention(loaded, "  ", "我"), OptionError);
}

}  // namespace
}  // namespace dragoman
