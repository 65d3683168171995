// SPDX-License-Identifier: Apache-2.0
#include "train/validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "base/counted.h"
#include "base/error.h"
#include "base/signals.h"
#include "comm/packed_strings.h"
#include "data/corpus_builder.h"
#include "data/parallel_reader.h"
#include "decode/translation_service.h"
#include "metrics/chrf.h"
#include "metrics/exact_match.h"

namespace dragoman {
namespace {

constexpr int64_t kBatchTokens = 4096;
constexpr size_t kSamples = 3;
constexpr std::chrono::milliseconds kCheckPeriod(20);

}  // namespace

double ValidationScores::Quality(StopMetric metric, bool smoothed_loss) const {
  switch (metric) {
    case StopMetric::kBleu:
      return bleu;
    case StopMetric::kChrf:
      return chrf;
    case StopMetric::kRougeL:
      return rouge_l;
    case StopMetric::kExactMatch:
      return exact;
    case StopMetric::kLoss:
      break;
  }
  return smoothed_loss ? -loss : -nll;
}

Validator::Validator(const TrainOptions& options, Transformer& model, const Tokenizer& src_vocab,
                     const Tokenizer& tgt_vocab, GradientWorkers& workers, WorkerPool& pool, Communicator& comm)
    : model_(model),
      src_vocab_(src_vocab),
      tgt_vocab_(tgt_vocab),
      workers_(workers),
      pool_(pool),
      comm_(comm),
      beam_size_(options.valid_beam_size) {
  const auto tokenizer = BleuTokenizerFromName(options.valid_tokenize);
  if (!tokenizer) {
    throw OptionError("`valid_tokenize` is \"" + options.valid_tokenize + "\", expected 13a, zh, char, intl or none");
  }
  bleu_.tokenizer = *tokenizer;
  rouge_.tokenizer = *tokenizer == BleuTokenizer::kZh ? RougeTokenizer::kChinese : RougeTokenizer::kEnglish;
  const bool denoises = options.denoise != Noise::kNone;
  input_ = {.format = denoises ? PairFormat::kLines : PairFormat::kTwoFiles,
            .source = options.valid_src,
            .target = options.valid_tgt};
  std::vector<std::string> sources, references;
  if (comm_.rank() == 0) ReadText(&sources, &references);
  sources = UnpackStrings(comm_.Broadcast(PackStrings(sources)));
  references = UnpackStrings(comm_.Broadcast(PackStrings(references)));
  if (denoises) {
    MakePairs(options.denoise, sources);
  } else {
    TakePairs(std::move(sources), std::move(references));
  }
}

void Validator::ReadText(std::vector<std::string>* sources, std::vector<std::string>* references) {
  ParallelReader reader(input_, ThrowIfStopRequested);
  std::string_view source, target;
  while (reader.Next(&source, &target)) {
    sources->emplace_back(source);
    references->emplace_back(target);
  }
  if (sources->empty()) {
    throw FileError(input_.source, "no sentence pairs in it, expected some to validate with; check the file names");
  }
  report_.crlf_lines = reader.notes().crlf_lines;
  report_.bom_files = reader.notes().bom_files;
}

// Cut as in training. Loss and scores are of the same pairs, those that `score` and `eval` count.
void Validator::TakePairs(std::vector<std::string> sources, std::vector<std::string> references) {
  const CorpusOptions limits{.max_src_len = model_.config().max_src_len, .max_tgt_len = model_.config().max_tgt_len};
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto line = static_cast<int64_t>(i) + 1;
    std::vector<int32_t> src = src_vocab_.Encode(sources[i]);
    std::vector<int32_t> tgt = tgt_vocab_.Encode(references[i]);
    TakePair(limits, {src_vocab_, tgt_vocab_}, line, &src, &tgt, &report_);
    if (src.empty()) {
      without_source_.Add(line);
      continue;
    }
    if (tgt.empty()) without_target_.Add(line);
    AddToBatches(std::move(src), std::move(tgt));
    sources_.push_back(std::move(sources[i]));
    references_.push_back(std::move(references[i]));
  }
  if (report_.pairs == 0) {
    throw FileError(fmt::format("{} and {}", input_.source, input_.target),
                    fmt::format("none of the {} has text on both sides, expected some to validate with; check the "
                                "files of `valid_src` and `valid_tgt`",
                                Counted(static_cast<int64_t>(sources.size()), "pair")));
  }
}

// A pair of each line, the same in every run: whatever the seed, and however many training makes.
void Validator::MakePairs(Noise noise, const std::vector<std::string>& lines) {
  const CorpusOptions limits{.max_src_len = model_.config().max_src_len,
                             .max_tgt_len = model_.config().max_tgt_len,
                             .denoise = {.noise = noise, .copies = 1, .seed = 0}};
  const Denoiser denoiser(src_vocab_, tgt_vocab_, limits.denoise);
  int64_t number = 0;
  for (const std::string& line : lines) {
    for (auto& pair :
         TakeLine(limits, {src_vocab_, tgt_vocab_}, denoiser, ++number, src_vocab_.Encode(line), &report_)) {
      sources_.push_back(src_vocab_.Decode(pair.src));
      references_.push_back(tgt_vocab_.Decode(pair.tgt));
      AddToBatches(std::move(pair.src), std::move(pair.tgt));
    }
  }
  if (report_.pairs > 0) return;
  throw FileError(input_.source,
                  fmt::format("none of the {} has enough text for `denoise`, expected some to validate with; check the "
                              "file of `valid_src`",
                              Counted(static_cast<int64_t>(lines.size()), "line")));
}

void Validator::AddToBatches(std::vector<int32_t> src, std::vector<int32_t> tgt) {
  src_vocab_.sentence().Wrap(&src);
  tgt_vocab_.sentence().Wrap(&tgt);
  if (batches_.empty() || batches_.back().tgt_tokens() >= kBatchTokens) batches_.emplace_back();
  Batch& batch = batches_.back();
  batch.src.ids.insert(batch.src.ids.end(), src.begin(), src.end());
  batch.tgt_out.ids.insert(batch.tgt_out.ids.end(), tgt.begin(), tgt.end());
  batch.FinishSentence(batch.sentences(), model_.config().decoder_start);
}

std::optional<BleuTokenizer> Validator::BetterTokenizer() const {
  BleuTokenizerFit fit(bleu_.tokenizer);
  for (const std::string& reference : references_) fit.Add(reference);
  return fit.Better();
}

RougeRemedy Validator::RemedyOfRouge() const {
  RougeTokenizerFit fit(rouge_.tokenizer);
  for (const std::string& reference : references_) fit.Add(reference);
  return fit.Remedy();
}

std::vector<std::string> Validator::Describe() const {
  CorpusReport report = report_;
  if (input_.format != PairFormat::kLines) report.empty_pairs = {};  // that is what training does; here:
  std::vector<std::string> lines = DescribeReport(report, input_);
  const auto add = [&lines](const Finding& found, const char* what, const std::string& file) {
    if (found.count == 0) return;
    lines.push_back(fmt::format("{} {}, first at {}:{}", Counted(found.count, "pair"), what, file, found.first_line));
  };
  add(without_source_, "with an empty source left out, as score does", input_.source);
  add(without_target_, "with an empty target, scored as such", input_.target);
  return lines;
}

Validator::Share Validator::ComputeShare(const std::function<void()>& check) {
  const auto rank = static_cast<size_t>(comm_.rank()), ranks = static_cast<size_t>(comm_.size());
  Share share;
  for (size_t b = rank; b < batches_.size(); b += ranks) {
    check();
    share.sums.Add(workers_.Evaluate(batches_[b]));
  }
  std::vector<std::string> sources;
  for (size_t i = rank; i < sources_.size(); i += ranks) sources.push_back(sources_[i]);
  DecodeOptions decode;
  decode.beam_size = beam_size_;
  const InferenceModel inference(model_);
  TranslationService service(inference, {src_vocab_, tgt_vocab_}, pool_.workers());
  const auto job = std::make_shared<TextJob>(TextWork{std::move(sources), decode});
  service.Submit(job);
  do {
    check();
  } while (!job->WaitFor(kCheckPeriod));
  for (const TranslatedLine& line : job->TakeTranslations()) {
    if (!line.error.empty()) throw NumericError(line.error);
    share.translations.push_back(line.n_best.front().text);
  }
  return share;
}

std::vector<std::string> Validator::AllTranslations(const Share& own) {
  if (comm_.size() == 1) return own.translations;
  const std::vector<std::string> packed = comm_.Gather(PackStrings(own.translations));
  std::vector<std::string> all(packed.empty() ? 0 : sources_.size());
  for (size_t rank = 0; rank < packed.size(); ++rank) {
    std::vector<std::string> part = UnpackStrings(packed[rank]);
    for (size_t i = 0; i < part.size(); ++i) all[rank + i * packed.size()] = std::move(part[i]);
  }
  return all;
}

ValidationScores Validator::Run(const std::function<void()>& check) {
  Share share;
  int interrupted = 0;  // 1 + the signal's number
  try {
    share = ComputeShare(check);
  } catch (const Interrupted& by) {
    interrupted = 1 + by.signal;
  }
  const double own[] = {static_cast<double>(interrupted), share.sums.loss, share.sums.nll,
                        static_cast<double>(share.sums.tgt_tokens)};
  const std::vector<double> all = comm_.AllGather(own);
  double loss = 0, nll = 0, tokens = 0;
  for (size_t at = 0; at < all.size(); at += std::size(own)) {
    interrupted = std::max(interrupted, static_cast<int>(all[at]));
    loss += all[at + 1];
    nll += all[at + 2];
    tokens += all[at + 3];
  }
  if (interrupted > 0) throw Interrupted(interrupted - 1);
  const std::vector<std::string> translations = AllTranslations(share);
  double quality[] = {0, 0, 0, 0};
  if (comm_.rank() == 0) {
    quality[0] = CorpusBleu(translations, references_, bleu_).score;
    quality[1] = CorpusChrf(translations, references_);
    quality[2] = CorpusRouge(translations, references_, rouge_).rouge_l.f1;
    const ExactMatchMetric exact({});
    quality[3] = exact.Scores(CorpusStats(exact, translations, references_)).front();
  }
  const std::vector<double> scores = comm_.AllGather(quality);  // rank 0's come first
  samples_.clear();
  for (size_t i = 0; i < std::min(kSamples, translations.size()); ++i) {
    samples_.push_back({sources_[i], references_[i], translations[i]});
  }
  tokens = std::max(1.0, tokens);
  return {loss / tokens, nll / tokens, scores[0], scores[1], scores[2], scores[3]};
}

}  // namespace dragoman
