// SPDX-License-Identifier: Apache-2.0
#include "train/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/signals.h"
#include "data/corpus_testing.h"
#include "decode/translation_service.h"
#include "metrics/chrf.h"
#include "metrics/exact_match.h"
#include "metrics/rouge.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class ValidatorTest : public testing::Test {
 protected:
  ValidatorTest() : vocab_(TestVocabulary()), pool_(2), model_(Config()), workers_(model_, pool_, {0.1f, 200}) {
    const ParallelInput pairs = WriteTestPairs(directory_);
    options_.valid_src = pairs.source;
    options_.valid_tgt = pairs.target;
    options_.valid_beam_size = 2;
    options_.valid_tokenize = "zh";
    model_.Initialize(3);
  }

  TransformerConfig Config() const {
    TransformerConfig config;
    config.src_vocab = config.tgt_vocab = vocab_.size();
    config.encoder_layers = config.decoder_layers = 1;
    config.d_model = 16;
    config.heads = 2;
    config.d_ff = 32;
    config.max_src_len = config.max_tgt_len = 12;  // shorter than some sentences: these are cut, as in training
    return config;
  }

  Validator Make() { return Validator(options_, model_, vocab_, vocab_, workers_, pool_); }
  std::string ErrorOf() {
    return MessageOf<Error>([&] { Make(); });
  }

  static std::vector<std::string> LinesOf(const std::string& path) {
    std::vector<std::string> lines;
    std::istringstream stream(FileBytes(path));
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  // Means over all target tokens, templates included, one sentence after the other by the model itself.
  ValidationScores LossesOf(const Transformer& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab) const {
    const auto sources = LinesOf(options_.valid_src), targets = LinesOf(options_.valid_tgt);
    const auto tokenize = [](const Tokenizer& vocab, const std::string& text, std::vector<int32_t>* ids) {
      *ids = vocab.Encode(text);
      ids->resize(std::min(ids->size(), 12 - vocab.sentence().size()));
      vocab.sentence().Wrap(ids);
    };
    double loss = 0, nll = 0, tokens = 0;
    for (size_t i = 0; i < sources.size(); ++i) {
      Batch batch;
      batch.Clear();
      tokenize(src_vocab, sources[i], &batch.src.ids);
      tokenize(tgt_vocab, targets[i], &batch.tgt_out.ids);
      batch.FinishSentence(0, 1);
      Workspace workspace;
      const EncodedSource encoded = model.Encode(workspace, batch.src.view());
      const Variable hidden = model.Decode(workspace, batch.tgt_in.view(), encoded);
      const auto sums = model.Loss(workspace, hidden, batch.tgt_out.view(), encoded, {.smoothing = 0.1f});
      loss += sums.loss;
      nll += sums.nll;
      tokens += static_cast<double>(batch.tgt_tokens());
    }
    ValidationScores scores;
    scores.loss = loss / tokens;
    scores.nll = nll / tokens;
    return scores;
  }

  TestDirectory directory_;
  const Tokenizer vocab_;
  WorkerPool pool_;
  Transformer model_;
  GradientWorkers workers_;
  TrainOptions options_;
};

TEST_F(ValidatorTest, LossIsTheMeanOverAllTargetTokens) {
  const ValidationScores scores = Make().Run(), expected = LossesOf(model_, vocab_, vocab_);
  EXPECT_NEAR(scores.loss, expected.loss, 1e-5);
  EXPECT_NEAR(scores.nll, expected.nll, 1e-5);
}

TEST_F(ValidatorTest, OfATextAloneItMakesTheSamePairsInEveryRun) {
  VocabOptions with_mask = SmallVocabOptions(92);
  with_mask.symbols = {"<mask>"};
  const Tokenizer vocab = Tokenizer::FromBytes(TrainTestModel(with_mask), "mask.model");
  TransformerConfig config = Config();
  config.src_vocab = config.tgt_vocab = vocab.size();
  config.max_src_len = config.max_tgt_len = 30;
  Transformer model(config);
  GradientWorkers workers(model, pool_, {0.1f, 200});
  options_.valid_tgt = "";
  for (const Noise noise : {Noise::kInfilling, Noise::kSpans}) {
    options_.denoise = noise;
    options_.denoise_copies = 3;
    options_.seed = 1;
    const Validator first(options_, model, vocab, vocab, workers, pool_);
    options_.seed = 2;
    Validator second(options_, model, vocab, vocab, workers, pool_);
    const std::vector<std::string> lines = LinesOf(options_.valid_src);
    ASSERT_EQ(first.pairs(), std::ssize(lines));
    ASSERT_EQ(first.batches().size(), second.batches().size());
    EXPECT_EQ(first.batches()[0].src.ids, second.batches()[0].src.ids);
    EXPECT_EQ(first.batches()[0].tgt_out.ids, second.batches()[0].tgt_out.ids);
    second.Run();
    const Validator::Sample sample = second.samples()[0];
    EXPECT_THAT(sample.source, HasSubstr("<mask>"));
    if (noise == Noise::kInfilling) {
      EXPECT_EQ(sample.reference, lines[0]);
    } else {
      EXPECT_THAT(sample.reference, testing::StartsWith("<mask>"));
    }
  }
}

TEST_F(ValidatorTest, TemplatesAreMeasuredAsTheyAreTrainedAndTranslated) {
  const TokenizerSettingsPair odd = OddSettings(vocab_);
  const Tokenizer src_vocab(vocab_.segmenter(), odd.src, "settings"),
      tgt_vocab(vocab_.segmenter(), odd.tgt, "settings");
  TransformerConfig config = Config();
  config.src_vocab = config.tgt_vocab = src_vocab.rows();
  Transformer model(config);
  model.Initialize(3);
  GradientWorkers workers(model, pool_, {0.1f, 200});
  Validator validator(options_, model, src_vocab, tgt_vocab, workers, pool_);
  const ValidationScores scores = validator.Run(), expected = LossesOf(model, src_vocab, tgt_vocab);
  EXPECT_NEAR(scores.loss, expected.loss, 1e-5);
  EXPECT_NEAR(scores.nll, expected.nll, 1e-5);
  DecodeOptions decode;
  decode.beam_size = 2;
  const InferenceModel inference(model);
  TranslationService service(inference, {src_vocab, tgt_vocab}, 1);
  EXPECT_EQ(validator.samples().at(1).translation,
            service.Translate({validator.samples()[1].source}, decode).front().n_best.front().text);
}

TEST_F(ValidatorTest, ScoresAreThoseOfRealTranslations) {
  Validator validator = Make();
  const ValidationScores scores = validator.Run();
  const auto sources = LinesOf(options_.valid_src), references = LinesOf(options_.valid_tgt);
  DecodeOptions decode;
  decode.beam_size = 2;
  const InferenceModel inference(model_);
  TranslationService service(inference, {vocab_, vocab_}, 1);
  std::vector<std::string> translations;
  for (const TranslatedLine& line : service.Translate(sources, decode))
    translations.push_back(line.n_best.front().text);
  BleuOptions bleu;
  bleu.tokenizer = *BleuTokenizerFromName("zh");
  EXPECT_EQ(scores.bleu, CorpusBleu(translations, references, bleu).score);
  EXPECT_EQ(scores.chrf, CorpusChrf(translations, references));
  EXPECT_EQ(scores.rouge_l, CorpusRouge(translations, references, {.tokenizer = RougeTokenizer::kChinese}).rouge_l.f1);
  ASSERT_EQ(validator.samples().size(), 3u);
  EXPECT_EQ(validator.samples()[2].source, sources[2]);
  EXPECT_EQ(validator.samples()[2].reference, references[2]);
  EXPECT_EQ(validator.samples()[2].translation, translations[2]);
}

// The model's own outputs are references, or nearly so.
TEST_F(ValidatorTest, ExactMatchTakesTranslationsToTheLetter) {
  options_.valid_tokenize = "13a";
  options_.valid_src = directory_.Write("src", "I see a cat.\nyou\nme\nthe dog\n");
  options_.valid_tgt = directory_.Write("tgt", "x\nx\nx\nx\n");
  std::vector<std::string> outputs;
  DecodeOptions decode;
  decode.beam_size = 2;
  const InferenceModel inference(model_);
  TranslationService service(inference, {vocab_, vocab_}, 1);
  for (const TranslatedLine& line : service.Translate(LinesOf(options_.valid_src), decode)) {
    outputs.push_back(line.n_best.front().text);
  }
  ASSERT_FALSE(outputs[0].empty());
  options_.valid_tgt = directory_.Write("tgt", outputs[0] + "\n" + outputs[1] + "!\n" + outputs[2] + "!\nx\n");
  const ValidationScores scores = Make().Run();
  const auto references = LinesOf(options_.valid_tgt);
  const ExactMatchMetric exact({});
  EXPECT_EQ(scores.exact, exact.Scores(CorpusStats(exact, outputs, references)).front());
  EXPECT_EQ(scores.exact, 25);
  EXPECT_EQ(scores.rouge_l, CorpusRouge(outputs, references, {}).rouge_l.f1);
}

TEST_F(ValidatorTest, KnowsWhenRougeSeesFewOfTheWords) {
  EXPECT_EQ(Make().RemedyOfRouge(), RougeRemedy::kNone);
  options_.valid_tokenize = "13a";
  EXPECT_EQ(Make().RemedyOfRouge(), RougeRemedy::kChinese);
}

TEST_F(ValidatorTest, KnowsABetterTokenizerForTextWithoutBlanks) {
  EXPECT_FALSE(Make().BetterTokenizer());
  options_.valid_tokenize = "13a";
  EXPECT_EQ(Make().BetterTokenizer(), BleuTokenizer::kZh);
  std::swap(options_.valid_src, options_.valid_tgt);  // into English
  EXPECT_FALSE(Make().BetterTokenizer());
}

TEST_F(ValidatorTest, RunsAlikeEachTimeAndSeesNewWeights) {
  Validator validator = Make();
  const ValidationScores first = validator.Run();
  const ValidationScores second = validator.Run();
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_EQ(first.bleu, second.bleu);
  model_.Initialize(4);
  EXPECT_NE(validator.Run().loss, first.loss);
}

TEST_F(ValidatorTest, ACheckThatThrowsEndsTheTranslation) {
  options_.valid_src = directory_.Write("src", "I see a cat.\n");
  options_.valid_tgt = directory_.Write("tgt", "x\n");
  Validator validator = Make();
  int calls = 0;
  const auto check = [&] {
    if (++calls == 2) throw Interrupted(15);  // the first is of the loss
  };
  EXPECT_THROW(validator.Run(check), Interrupted);
  EXPECT_EQ(calls, 2);
  EXPECT_NO_THROW(validator.Run()) << "and it can go on";
}

TEST_F(ValidatorTest, MoreIsAlwaysBetter) {
  const ValidationScores scores = {.loss = 2, .nll = 1.5, .bleu = 30, .chrf = 50, .rouge_l = 40, .exact = 10};
  EXPECT_EQ(scores.Quality(StopMetric::kLoss), -1.5) << "without smoothing";
  EXPECT_EQ(scores.Quality(StopMetric::kLoss, /*smoothed_loss=*/true), -2) << "in runs of older versions";
  EXPECT_EQ(scores.Quality(StopMetric::kBleu), 30);
  EXPECT_EQ(scores.Quality(StopMetric::kChrf), 50);
  EXPECT_EQ(scores.Quality(StopMetric::kRougeL), 40);
  EXPECT_EQ(scores.Quality(StopMetric::kExactMatch), 10);
}

TEST_F(ValidatorTest, SaysWhatItCutAndMended) {
  options_.valid_src =
      directory_.Write("src", "\xEF\xBB\xBFI see a cat.\r\n\nI see a cat and a cat and a cat and a cat.\n");
  options_.valid_tgt = directory_.Write("tgt", "我\n你\n我龘\n");
  const std::vector<std::string> lines = Make().Describe();
  EXPECT_THAT(lines, testing::ElementsAre(HasSubstr("2 sentence pairs, "),
                                          testing::MatchesRegex("1 source sentence cut .*, first at .*/src:3"),
                                          testing::MatchesRegex("1 target <unk> .*, first at .*/tgt:3"),
                                          HasSubstr("1 line ended in CR LF"), HasSubstr("1 file began with"),
                                          testing::MatchesRegex("1 pair with an empty source left out.*/src:2")));
}

// Loss, BLEU and chrF are of the same pairs, those that `dragoman score` has a number for.
TEST_F(ValidatorTest, PairsWithoutASourceCountNowhereAndThoseWithoutATargetEverywhere) {
  options_.valid_src = directory_.Write("src", "I see a cat.\nyou\nme\n");
  options_.valid_tgt = directory_.Write("tgt", "我\n\n你\n");
  const ValidationScores want = Make().Run();
  options_.valid_src = directory_.Write("src", "\nI see a cat.\n \t\nyou\n\nme\n");
  options_.valid_tgt = directory_.Write("tgt", "你\n我\n我\n\n\n你\n");
  Validator with_empty = Make();
  const ValidationScores found = with_empty.Run();
  EXPECT_NEAR(found.nll, want.nll, 1e-12);
  EXPECT_NEAR(found.loss, want.loss, 1e-12);
  EXPECT_EQ(found.bleu, want.bleu);
  EXPECT_EQ(found.chrf, want.chrf);
  EXPECT_EQ(with_empty.samples().at(0).source, "I see a cat.");
  EXPECT_THAT(with_empty.Describe(),
              testing::IsSupersetOf({testing::MatchesRegex("3 pairs with an empty source left out.*/src:1"),
                                     testing::MatchesRegex("1 pair with an empty target, scored as such.*/tgt:4")}));

  const InferenceModel inference(model_);
  TranslationService service(inference, {vocab_, vocab_}, 1);
  double log_prob = 0, tokens = 0;
  const auto sources = LinesOf(options_.valid_src), targets = LinesOf(options_.valid_tgt);
  for (const PairScore& score : service.Score(sources, targets)) {
    if (score.token_log_probs.empty()) continue;
    log_prob += score.log_prob;
    tokens += static_cast<double>(score.token_log_probs.size());
  }
  EXPECT_NEAR(found.nll, -log_prob / tokens, 1e-5);
}

TEST_F(ValidatorTest, WithoutAPairOfTextOnBothSidesThereIsNothingToValidateWith) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\n \n", "我\n你\n"}, {"you\nme\n", "\n\n"}, {"you\n\n", "\n我\n"}, {"\n\n", "\n\n"}};
  for (const auto& [src, tgt] : cases) {
    options_.valid_src = directory_.Write("src", src);
    options_.valid_tgt = directory_.Write("tgt", tgt);
    EXPECT_THAT(ErrorOf(), testing::AllOf(HasSubstr("/src and "), HasSubstr("none of the 2 pairs has text on both"),
                                          HasSubstr("`valid_src` and `valid_tgt`")));
  }
}

TEST_F(ValidatorTest, SaysWhatIsWrongWithTheFiles) {
  options_.valid_tokenize = "13b";
  EXPECT_THAT(ErrorOf(), HasSubstr("`valid_tokenize` is \"13b\", expected 13a"));
  options_.valid_tokenize = "13a";
  options_.valid_tgt = directory_.Write("short", "一\n");
  EXPECT_THAT(ErrorOf(), HasSubstr("/short"));
  options_.valid_src = options_.valid_tgt = directory_.Write("empty", "");
  EXPECT_THAT(ErrorOf(), HasSubstr("/empty: no sentence pairs"));
  options_.valid_src = directory_ / "absent";
  EXPECT_THAT(ErrorOf(), HasSubstr("/absent"));
}

}  // namespace
}  // namespace dragoman
