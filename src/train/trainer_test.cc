// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "decode/translation_service.h"
#include "format/model_file.h"
#include "format/translation_testing.h"
#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(TrainerTest, LearnsAndCountsWhatItSaw) {
  TrainOptions options = Plain("run", 0);
  options.max_epochs = 3;
  options.model.embedding_dropout = options.model.residual_dropout = 0;
  StopReason reason{};
  TrainState state = Train(options, &reason);
  EXPECT_EQ(reason, StopReason::kMaxEpochs);
  EXPECT_EQ(state.sentences, 300) << "each pair once an epoch";
  EXPECT_EQ(state.epoch, 2);

  options = Plain("learnt", 150);
  options.model.embedding_dropout = options.model.residual_dropout = 0;
  state = Train(options);
  EXPECT_EQ(state.step, 150);
  ASSERT_TRUE(state.has_best);
  EXPECT_GT(state.best_quality, -1.5) << "label smoothing alone costs about 0.75, guessing 4.5";
}

TEST_F(TrainerTest, CheckpointIsAModelToTranslateWith) {
  Train(Rich("run", 5));
  const TranslationModel opened = LoadTranslationModel(files_, directory_ / "run");
  const InferenceModel inference(*opened.model);
  TranslationService service(inference, {*opened.vocabs.src, *opened.vocabs.tgt}, 1);
  const auto lines = service.Translate({"I see a cat.", ""});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].error, "");
}

TEST_F(TrainerTest, RunsWithTheSameOptionsEndWithTheSameBits) {
  Train(Rich("a", 9));
  Train(Rich("b", 9));
  ExpectSameEnd("b", "a");
  TrainOptions other = Rich("other", 9);
  other.seed = 2;
  Train(other);
  EXPECT_NE(Last("other", "model.safetensors"), Last("a", "model.safetensors"));
}

TEST_F(TrainerTest, ResumedRunEndsWithTheBitsOfAnUninterruptedOne) {
  Train(Rich("straight", 25));
  for (const int64_t stop : {6, 12, 18}) {  // where the uninterrupted run validates, as a run does at its end
    const std::string run = "stopped-" + std::to_string(stop);
    Train(Rich(run, stop));
    EXPECT_EQ(Train(Resumed(Rich(run, 25))).step, 25);
    ExpectSameEnd(run, "straight");
  }
}

// At any step, at any moment of it: RequestStop is what SIGTERM and Ctrl-C do.
TEST_F(TrainerTest, StopRequestsSaveAndTheRunGoesOnWithTheSameBits) {
  Train(Rich("straight", 60));
  for (int ms = 0; ms < 40; ms += 5) {
    const std::string run = "stopped-" + std::to_string(ms);
    {
      const StopSignal signal;
      Trainer trainer(Rich(run, 60), files_);
      std::thread stopper([ms] {
        std::this_thread::sleep_for(std::chrono::milliseconds(ms));
        RequestStop();
      });
      const StopReason reason = trainer.Run();
      stopper.join();
      EXPECT_TRUE(reason == StopReason::kSignal || trainer.state().step == 60);
      EXPECT_EQ(LastState(run).step, trainer.state().step) << "nothing done is lost";
    }
    EXPECT_EQ(Train(Resumed(Rich(run, 60))).step, 60);
    ExpectSameEnd(run, "straight");
  }
}

// Wherever the last periodic save fell, the last model is validated too: it may be the best.
TEST_F(TrainerTest, RunEndsWithAValidation) {
  for (const int64_t steps : {7, 8, 12}) {  // saved at 8, validated at 12
    const std::string run = "run-" + std::to_string(steps);
    EXPECT_EQ(Train(Rich(run, steps)).validations, 2);
    EXPECT_TRUE(ReadManifest(files_, directory_ / run + "/last").score.has_value());
  }
}

TEST_F(TrainerTest, SaveEveryLeavesTheBitsAlone) {
  TrainOptions often = Rich("often", 11), never = Rich("never", 11);
  often.save_every = 1;
  never.save_every = 1000;
  Train(often);
  Train(never);
  ExpectSameEnd("often", "never");
}

TEST_F(TrainerTest, ResumingAFinishedRunChangesNothing) {
  Train(Rich("run", 7));
  const std::string weights = Last("run", "model.safetensors"), state = Last("run", "train_state.json");
  const std::string log = FileBytes(directory_ / "run/train.jsonl");
  Train(Resumed(Rich("run", 7)));
  EXPECT_EQ(FileBytes(directory_ / "run/train.jsonl"), log) << "it had ended before";
  EXPECT_EQ(Last("run", "model.safetensors"), weights);
  EXPECT_EQ(Last("run", "train_state.json"), state);
}

TEST_F(TrainerTest, ResumeOnAFreshDirectoryStartsAnew) {
  Train(Resumed(Rich("resumed", 5)));
  Train(Rich("plain", 5));
  ExpectSameEnd("resumed", "plain");
}

TEST_F(TrainerTest, AnotherRunIsNeverWrittenOver) {
  Train(Rich("run", 5));
  const std::string weights = Last("run", "model.safetensors");
  const std::string message = TrainError<OptionError>(Rich("run", 9));
  EXPECT_THAT(message, HasSubstr("/run holds a run already (step 5)"));
  EXPECT_THAT(message, HasSubstr("give `resume`"));
  EXPECT_EQ(Last("run", "model.safetensors"), weights);
}

TEST_F(TrainerTest, ResumeRefusesWhatIsAnotherRun) {
  Train(Rich("run", 5));
  const auto message_of = [&](const auto& change) {
    TrainOptions options = Resumed(Rich("run", 9));
    change(options);
    return TrainError<OptionError>(options);
  };
  EXPECT_THAT(message_of([](auto& o) { o.seed = 7; }), HasSubstr("`seed` is 7, but the run in `output` began with 1"));
  EXPECT_THAT(message_of([](auto& o) { o.model.d_ff = 48, o.model.norm_order = NormOrder::kPre; }),
              AllOf(HasSubstr("`d_ff` is 48, but the last start had 32"),
                    HasSubstr("`norm_order` is pre, but the last start had post"), HasSubstr("another `output`"),
                    Not(HasSubstr("`d_model`"))));
  EXPECT_THAT(message_of([](auto& o) { o.ema_decay = 0; }), HasSubstr("`ema_decay` is 0, but the last start had 0.9"));
  EXPECT_THAT(message_of([](auto& o) { std::swap(o.train_src, o.train_tgt); }),
              HasSubstr("training data are not those"));
  EXPECT_THAT(message_of([](auto& o) { o.model.max_src_len = 16; }),
              HasSubstr("`max_src_len` is 16, but the last start had 32"));
  EXPECT_THAT(message_of([](auto& o) { o.max_length_ratio = 3; }),
              HasSubstr("`max_length_ratio` is 3, but the last start had 0: that is other training data"));
  EXPECT_EQ(LastState("run").step, 5) << "and left the run alone";
  EXPECT_EQ(Train(Resumed(Rich("run", 9))).step, 9);

  Train(Plain("without", 5));
  TrainOptions averaged = Resumed(Plain("without", 9));
  averaged.ema_decay = 0.5f;
  EXPECT_THAT(TrainError<OptionError>(averaged), HasSubstr("`ema_decay` is 0.5, but the last start had 0"));
}

TEST_F(TrainerTest, ResumeWithAnotherVocabularyNamesBoth) {
  Train(Plain("run", 2));
  TrainOptions options = Resumed(Plain("run", 4));
  VocabOptions other = SmallVocabOptions();
  other.size -= 10;
  options.vocab = directory_.Write("smaller.model", TrainTestModel(other));
  EXPECT_THAT(TrainError<OptionError>(options),
              AllOf(HasSubstr("`vocab` " + options.vocab + " is not the vocabulary of the run in `output` "),
                    HasSubstr(fmt::format("joint: {} and {} pieces", other.size + 10, other.size))));
  std::string bytes = FileBytes(base_.vocab);
  bytes.replace(bytes.find("<s>"), 3, "<q>");
  options.vocab = directory_.Write("renamed.model", bytes);
  options.model.decoder_start = 1;
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("joint: piece 1 is \"<s>\" and \"<q>\""));
}

TEST_F(TrainerTest, ResumeTakesOtherDropoutWithAWarning) {
  Train(Plain("run", 2));
  TrainOptions options = Resumed(Plain("run", 4));
  options.model.residual_dropout = 0.25f;
  testing::internal::CaptureStderr();
  EXPECT_EQ(Train(options).step, 4);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("warning: `residual_dropout` is 0.25, but the last start had 0.1: it will end with other"));
  EXPECT_THAT(Last("run", "config.json"), HasSubstr("\"residual_dropout\": 0.25"));
}

TEST_F(TrainerTest, ResumeTellsWhichOptionsAreOtherThanBefore) {
  TrainOptions options = Rich("run", 5);
  options.schedule = ScheduleKind::kLinear;
  Train(options);
  const auto resume = [&] {
    testing::internal::CaptureStderr();
    Train(Resumed(options));
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(resume(), "") << "nothing changed";
  options.quiet = true;
  options.save_every = 3;  // changes no weight
  EXPECT_EQ(resume(), "");
  options.learning_rate = 0.02;
  options.batch_tokens = 100;
  options.max_steps = 7;  // where the linear schedule ends
  const std::string warnings = resume();
  EXPECT_THAT(warnings, HasSubstr("warning: `learning_rate` is 0.02, but the last start had 0.01: it will end"));
  EXPECT_THAT(warnings, HasSubstr("warning: `batch_tokens` is 100, but the last start had 150"));
  EXPECT_THAT(warnings, HasSubstr("warning: `decay_steps` is 7, but the last start had 5"));
  EXPECT_EQ(resume(), "") << "and the next start compares with this one, not with the first";
  options.micro_batch_tokens = 64;
  EXPECT_THAT(resume(), AllOf(HasSubstr("`micro_batch_tokens`"), HasSubstr("if only by rounding")));
  options.metric = StopMetric::kBleu;
  EXPECT_THAT(TrainError<OptionError>(Resumed(options)),
              AllOf(HasSubstr("`metric` is bleu, but the last start had loss"), HasSubstr("resume with that")));
}

// Another size or order of batches makes the position among them mean nothing.
TEST_F(TrainerTest, ResumingWithOtherBatchesBeginsTheEpochAgain) {
  Train(Plain("run", 5));
  TrainOptions options = Resumed(Plain("run", 6));
  options.batch_tokens = 4096;  // all pairs in one batch: there is no batch 5 of them
  testing::internal::CaptureStderr();
  const TrainState state = Train(options);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("warning: the batches are other ones now, so epoch 1 begins again"));
  EXPECT_EQ(state.step, 6);
  EXPECT_EQ(state.epoch, 0);
  EXPECT_EQ(state.batch_in_epoch, 1);

  Train(Plain("order", 5));
  options = Resumed(Plain("order", 6));
  options.batch_order = BatchOrder::kFile;
  testing::internal::CaptureStderr();
  EXPECT_EQ(Train(options).batch_in_epoch, 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("begins again"));
}

TEST_F(TrainerTest, TheDecoderStartsWithTheVocabularysOwnToken) {
  const std::string model = FileBytes(base_.vocab);
  const size_t bos = model.find("\n\x03<s>") - 2, eos = model.find("\n\x04</s>") - 2;  // where these pieces begin
  const size_t end = eos + 2 + static_cast<size_t>(model[eos + 1]);
  const std::string swapped = model.substr(0, bos) + model.substr(eos, end - eos) + model.substr(bos, eos - bos);
  TrainOptions options = Plain("run", 1);
  options.model.decoder_start = kStartOfVocabulary;
  options.vocab = directory_.Write("swapped.model", swapped + model.substr(end));
  Train(options);
  EXPECT_THAT(Last("run", "config.json"), HasSubstr("\"decoder_start\": 2"));

  std::string without = model;
  without.replace(bos + 4, 3, "<q>");
  options = Plain("without", 1);
  options.model.decoder_start = kStartOfVocabulary;
  options.vocab = directory_.Write("without.model", without);
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("`decoder_start` is not given and "));
  options.model.decoder_start = -1;
  Train(options);
}

TEST_F(TrainerTest, OneTableIsNotForTwoVocabulariesThoughOfOneSize) {
  VocabOptions other = SmallVocabOptions();
  other.type = VocabType::kBpe;
  TrainOptions options = Plain("run", 1);
  options.model.tying = Tying::kAll;
  options.src_vocab = std::exchange(options.vocab, "");
  options.tgt_vocab = directory_.Write("other.model", TrainTestModel(other));
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("`tying` all shares one table of embeddings, but "));
  options.model.tying = Tying::kEmbeddings;
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("`tying` embeddings shares one table of embeddings, but "));
  options.tgt_vocab = options.src_vocab;
  Train(options);
}

TEST_F(TrainerTest, OneRunAtATime) {
  const Trainer first(Rich("run", 5), files_);
  EXPECT_THAT(TrainError<FileError>(Resumed(Rich("run", 5))), HasSubstr("another training"));
}

// A rate of (nearly) nothing makes no better model: the first validation stays the best.
TEST_F(TrainerTest, PatienceEndsARunThatGetsNoBetter) {
  TrainOptions options = Plain("run", 1000);
  options.learning_rate = 1e-30;
  options.valid_every = 2;
  options.patience = 3;
  StopReason reason{};
  const TrainState state = Train(options, &reason);
  EXPECT_EQ(reason, StopReason::kPatience);
  EXPECT_EQ(state.step, 8) << "validated at 2, 4, 6 and 8";
  EXPECT_EQ(state.validations, 4);
  EXPECT_EQ(state.validations_since_best, 3);

  options.output = directory_ / "resumed";  // the count outlives a stop
  options.max_steps = 6;
  Train(options);
  options.max_steps = 1000;
  EXPECT_EQ(Train(Resumed(options)).step, 8);
  ExpectSameEnd("resumed", "run");
}

TEST_F(TrainerTest, KeepsTheBestCheckpointsAndAveragesThem) {
  TrainOptions options = Plain("run", 24);
  options.valid_every = 4;
  options.keep_best = 3;
  options.average_best = 3;
  Train(options);
  FileSystem& files = files_;
  std::vector<std::pair<double, std::string>> scored;
  for (const std::string& name : Checkpoints("run")) {
    const Manifest manifest = ReadManifest(files, directory_ / "run/" + name);
    ASSERT_TRUE(manifest.score.has_value());
    scored.emplace_back(*manifest.score, name);
  }
  ASSERT_GE(scored.size(), 3u);
  std::sort(scored.rbegin(), scored.rend());
  EXPECT_EQ(files.ReadSymlink(directory_ / "run/best"), scored[0].second);

  std::vector<std::vector<float>> weights;
  for (int i = 0; i < 3; ++i) {
    const auto model = LoadTransformer(files, directory_ / "run/" + scored[static_cast<size_t>(i)].second);
    weights.emplace_back(model->parameters().values().begin(), model->parameters().values().end());
  }
  const TranslationModel averaged = LoadTranslationModel(files, directory_ / "run/averaged");
  const std::span<const float> mean = averaged.model->parameters().values();
  for (size_t i = 0; i < mean.size(); ++i) {
    ASSERT_NEAR(mean[i], (weights[0][i] + weights[1][i] + weights[2][i]) / 3, 1e-6);
  }
  const InferenceModel inference(*averaged.model);
  TranslationService service(inference, {*averaged.vocabs.src, *averaged.vocabs.tgt}, 1);
  EXPECT_EQ(service.Translate({"I see a cat."}).front().error, "");
}

TEST_F(TrainerTest, InitFromStartsWithThoseWeightsAndAnotherOptimizer) {
  Train(Plain("first", 10));
  TrainOptions options = Plain("second", 1);
  options.init_from = directory_ / "first";
  options.vocab = "";
  options.learning_rate = 1e-30;
  const TrainState state = Train(options);
  EXPECT_EQ(state.step, 1);
  EXPECT_EQ(Last("second", "model.safetensors"), Last("first", "model.safetensors"));
  EXPECT_EQ(Train(Resumed([&] {
              options.max_steps = 2;
              return options;
            }()))
                .step,
            2);

  options.output = directory_ / "third";
  VocabOptions other = SmallVocabOptions();
  other.type = VocabType::kBpe;
  options.vocab = directory_.Write("other.model", TrainTestModel(other));
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("not the vocabulary of `init_from`"));
}

TEST_F(TrainerTest, TuningKeepsTheSettingsOfTheTokenizers) {
  const auto usual = std::make_shared<const Tokenizer>(Tokenizer::Load(base_.vocab));
  const std::string json = OddSettings(*usual).ToJson();
  const VocabularyPair odd = WithSettings({usual, usual}, json, "settings");
  TransformerConfig config = base_.model;
  config.src_vocab = odd.src->rows();
  config.tgt_vocab = odd.tgt->rows();
  config.decoder_start = odd.tgt->bos_id();
  Transformer foreign(config);
  foreign.Initialize(1);
  CheckpointContents contents;
  contents.files = ModelFiles(foreign, foreign.parameters().values(), odd, nullptr);
  WriteCheckpoint(files_, directory_ / "foreign", contents);

  TrainOptions options = Plain("tuned", 2);
  options.init_from = directory_ / "foreign";
  options.vocab = "";
  Train(options);
  EXPECT_EQ(Last("tuned", "tokenizer_settings.json"), json);
  EXPECT_EQ(SettingsOf(LoadTranslationModel(files_, directory_ / "tuned").vocabs), json);
  options.max_steps = 4;
  EXPECT_EQ(Train(Resumed(options)).step, 4);
  EXPECT_EQ(Last("tuned", "tokenizer_settings.json"), json);
  // The vocabulary's file alone would number its pieces otherwise.
  options.output = directory_ / "other";
  options.vocab = base_.vocab;
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("other ids or templates"));
}

// A model of several languages is tuned for the two that are named; its checkpoints name them, too, so that whoever
// goes on or translates need not.
TEST_F(TrainerTest, TuningChoosesTheLanguagesOfAModel) {
  const auto usual = std::make_shared<const Tokenizer>(Tokenizer::Load(base_.vocab));
  TokenizerSettingsPair settings;
  settings.src.added = settings.tgt.added = {{"<en>", usual->size()}, {"<zh>", usual->size() + 1}};
  settings.src.languages = settings.tgt.languages = {{"en", usual->size()}, {"zh", usual->size() + 1}};
  settings.src.prefix = {kSrcLanguage};
  settings.src.suffix = {{usual->eos_id(), kTgtLanguage}};
  settings.tgt.prefix = {kTgtLanguage};
  const VocabularyPair many = WithSettings({usual, usual}, settings, "settings");
  TransformerConfig config = base_.model;
  config.src_vocab = config.tgt_vocab = many.src->rows();
  config.decoder_start = many.tgt->bos_id();
  Transformer foreign(config);
  foreign.Initialize(1);
  CheckpointContents contents;
  contents.files = ModelFiles(foreign, foreign.parameters().values(), many, nullptr);
  WriteCheckpoint(files_, directory_ / "foreign", contents);

  TrainOptions options = Rich("tuned", 4);
  options.init_from = directory_ / "foreign";
  options.vocab = "";
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("`src_lang` is not given"));
  options.src_lang = "en";
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("`tgt_lang` is not given"));
  options.tgt_lang = "zho";
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("`tgt_lang` is \"zho\""));
  options.tgt_lang = "zh";
  EXPECT_EQ(Train(options).step, 4);
  const std::string chosen = settings.In({"en", "zh"}).ToJson();
  EXPECT_EQ(Last("tuned", "tokenizer_settings.json"), chosen);
  EXPECT_NE(chosen, settings.ToJson());

  options.max_steps = 6;
  EXPECT_EQ(Train(Resumed(options)).step, 6) << "named again";
  options.src_lang = options.tgt_lang = "";
  options.max_steps = 8;
  EXPECT_EQ(Train(Resumed(options)).step, 8) << "not named again";
  EXPECT_EQ(Last("tuned", "tokenizer_settings.json"), chosen);
  options.max_steps = 10;
  options.tgt_lang = "de";
  EXPECT_THAT(TrainError<OptionError>(Resumed(options)),
              AllOf(HasSubstr("`tgt_lang` is \"de\""), HasSubstr("another")));
}

TEST_F(TrainerTest, ANewModelKnowsNoLanguages) {
  TrainOptions options = Plain("new", 1);
  options.tgt_lang = "zh";
  EXPECT_THAT(TrainError<OptionError>(options), AllOf(HasSubstr("`tgt_lang` is \"zh\""), HasSubstr("`init_from`")));
}

// Whose settings number both for one table, as many translation models of others are.
TEST_F(TrainerTest, AModelOfTwoVocabulariesInOneTableIsTuned) {
  const TranslationModel foreign = TwoVocabulariesInOneTable();
  CheckpointContents contents;
  contents.files = ModelFiles(*foreign.model, foreign.model->parameters().values(), foreign.vocabs, nullptr);
  WriteCheckpoint(files_, directory_ / "foreign", contents);
  TrainOptions options = Rich("tuned", 4);
  options.init_from = directory_ / "foreign";
  options.vocab = "";
  options.src_subword_dropout = 0.1f;
  EXPECT_EQ(Train(options).step, 4);
  options.max_steps = 8;
  EXPECT_EQ(Train(Resumed(options)).step, 8);
  const TranslationModel tuned = LoadTranslationModel(files_, directory_ / "tuned");
  EXPECT_EQ(VocabularyDifference(tuned.vocabs, foreign.vocabs), "");
  EXPECT_EQ(tuned.model->config().tying, Tying::kAll);
  EXPECT_NE(Last("tuned", "model.safetensors"), FileBytes(directory_ / "foreign/model.safetensors"));
}

TEST_F(TrainerTest, AFineTunedRunGoesOnWithoutTheModelItBeganWith) {
  Train(Plain("first", 5));
  const auto tuned = [&](const std::string& run, int64_t steps) {
    TrainOptions options = Plain(run, steps);
    options.init_from = directory_ / "first";
    options.vocab = "";
    return options;
  };
  Train(tuned("straight", 8));
  Train(tuned("run", 4));
  RemoveAll(files_, directory_ / "first");
  Train(Resumed(tuned("run", 8)));
  EXPECT_TRUE(Last("run", "model.safetensors") == Last("straight", "model.safetensors"));
}

TEST_F(TrainerTest, StepsWithoutARateAreWarnedOf) {
  TrainOptions options = Plain("run", 8);
  options.schedule = ScheduleKind::kLinear;
  options.decay_steps = 5;
  options.quiet = false;
  testing::internal::CaptureStderr();
  Train(options);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("`max_steps` 8 makes 8 updates, but after `decay_steps` 5 the learning rate is 0"));
}

TEST_F(TrainerTest, GoesOnFromTheCheckpointBeforeWhenTheLastIsTorn) {
  Train(Rich("straight", 25));
  Train(Rich("torn", 20));
  const std::string weights = directory_ / "torn/last/model.safetensors";
  files_.Truncate(weights, files_.Open(weights)->size() / 2);
  testing::internal::CaptureStderr();
  EXPECT_EQ(Train(Resumed(Rich("torn", 25))).step, 25);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("damaged checkpoint"));
  ExpectSameEnd("torn", "straight");
}

}  // namespace
}  // namespace dragoman
