// SPDX-License-Identifier: Apache-2.0
#include "decode/text_worker.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();  // 0, an empty line's, is the best there is

PairScore ScoreOf(const TokenizedLine& source, const TokenizedLine& target, const SearchResult& found) {
  PairScore score;
  score.truncated = source.truncated || target.truncated;
  score.unknown = source.unknown + target.unknown;
  score.error = found.error;
  score.log_prob = kNoNumber;
  if (found.hypotheses.empty()) return score;
  score.log_prob = found.hypotheses.front().log_prob;
  score.token_log_probs = found.hypotheses.front().token_log_probs;
  return score;
}

}  // namespace

TextWorker::TextWorker(const InferenceModel& model, const TextTables& tables, TextQueue& queue)
    : model_(model),
      tables_(tables),
      rules_(GenerationRulesOf(tables.tgt_vocab, model.config().tgt_vocab)),
      queue_(queue),
      engine_(std::make_unique<Engine>(model, rules_, tables.most_bytes)) {}

void TextWorker::Run() {
  while (!queue_.is_closed()) {
    try {
      TakeLines();
      if (engine_->idle()) continue;
      for (const SearchResult& found : engine_->Step()) Deliver(found);
      Tell();
      DropWhatIsOver();
    } catch (...) {
      FailAll(std::current_exception());
    }
  }
  FailAll(std::make_exception_ptr(CancelledError("the translator was closed")));
}

void TextWorker::TakeLines() {
  for (size_t share = queue_.Share(/*wait=*/engine_->idle()); share > 0 && engine_->HasRoom(); --share) {
    std::optional<TextQueue::Task> line = queue_.Take();
    if (!line) break;
    const std::shared_ptr<TextJob> job = line->job;
    try {
      Begin(std::move(*line));
    } catch (...) {
      job->Fail(std::current_exception());
    }
  }
}

void TextWorker::Begin(TextQueue::Task line) {
  Task task{std::move(line)};
  const TextWork& work = task.line.job->work();
  const size_t number = task.line.line;
  const LineForm form = work.options.line_form;
  task.source = TokenizeLine(tables_.src_vocab, work.sources[number], model_.config().max_src_len, form);
  if (work.targets) {
    task.target = TokenizeLine(tables_.tgt_vocab, (*work.targets)[number], model_.config().max_tgt_len, form);
    if (task.target.tokens.empty()) tables_.tgt_vocab.sentence().Wrap(&task.target.tokens);  // nothing is </s> alone
  }
  task.shortlist = ShortlistFor(task);
  const int64_t id = next_id_++;
  is_watched_ = is_watched_ || task.line.job->is_watched();
  const Task& kept = tasks_.emplace(id, std::move(task)).first->second;
  if (kept.source.tokens.empty()) {
    Deliver({.id = id});
    return;
  }
  const SearchJob job{id,
                      kept.source.tokens,
                      &work.options,
                      work.first_line + static_cast<int64_t>(number),
                      kept.target.tokens,
                      kept.shortlist};
  engine_->Add(job);
}

// Without what may not be said, and with what ends a sentence. Given targets are scored as they are.
std::vector<int32_t> TextWorker::ShortlistFor(const Task& task) const {
  const TextWork& work = task.line.job->work();
  if (tables_.shortlist == nullptr || work.targets) return {};
  std::vector<int32_t> tokens = tables_.shortlist->For(task.source.tokens);
  std::erase_if(tokens, [&](int32_t token) {
    return token == rules_.eos || (token == rules_.unk && !work.options.allow_unk) ||
           std::ranges::find(rules_.banned, token) != rules_.banned.end();
  });
  tokens.insert(std::ranges::lower_bound(tokens, rules_.eos), rules_.eos);
  return tokens;
}

// What search said, without the template's prefix.
std::string TextWorker::SaidOf(std::span<const int32_t> tokens, LineForm form) const {
  const Tokenizer& vocab = tables_.tgt_vocab;
  return LineOf(vocab, tokens.subspan(std::min(tokens.size(), vocab.sentence().prefix.size())), form);
}

TranslatedLine TextWorker::TranslationOf(const Task& task, const SearchResult& found) const {
  const TokenizedLine& source = task.source;
  const LineForm form = task.line.job->work().options.line_form;
  TranslatedLine line;
  line.truncated = source.truncated;
  line.repaired = source.repaired;
  line.empty = source.tokens.empty();
  line.unknown = source.unknown;
  line.error = found.error;
  for (const Hypothesis& hypothesis : found.hypotheses) {
    line.n_best.push_back(
        {SaidOf(hypothesis.tokens, form), hypothesis.score, hypothesis.log_prob, hypothesis.complete});
  }
  if (!line.error.empty()) line.n_best.push_back({"", kNoNumber, kNoNumber, false});
  if (line.n_best.empty()) line.n_best.emplace_back();
  return line;
}

void TextWorker::Deliver(const SearchResult& found) {
  const auto taken = tasks_.extract(found.id);
  const Task& task = taken.mapped();
  TextJob& job = *task.line.job;
  if (job.work().targets) {
    job.Deliver(task.line.line, ScoreOf(task.source, task.target, found));
  } else {
    job.Deliver(task.line.line, TranslationOf(task, found));
  }
}

// What is certain of lines whose job wants to know, where it has grown.
void TextWorker::Tell() {
  if (!is_watched_) return;
  is_watched_ = false;
  for (auto& [id, task] : tasks_) {
    if (!task.line.job->is_watched()) continue;
    is_watched_ = true;
    const std::span<const int32_t> settled = engine_->Settled(id);
    if (settled.size() <= task.settled) continue;
    task.settled = settled.size();
    const LineForm form = task.line.job->work().options.line_form;
    std::string text = SaidOf(settled, form);
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // of a character whose bytes are not all there
    while (form == LineForm::kText && text.ends_with(kReplacement)) text.resize(text.size() - kReplacement.size());
    task.line.job->Tell(task.line.line, text);
  }
}

void TextWorker::DropWhatIsOver() {
  std::erase_if(tasks_, [&](const auto& entry) {
    if (!entry.second.line.job->is_over()) return false;
    engine_->Cancel(entry.first);
    return true;
  });
}

// Whatever state the engine was in, another one begins.
void TextWorker::FailAll(const std::exception_ptr& error) {
  engine_ = std::make_unique<Engine>(model_, rules_, tables_.most_bytes);
  for (const auto& [id, task] : tasks_) task.line.job->Fail(error);
  tasks_.clear();
}

}  // namespace dragoman
