// SPDX-License-Identifier: Apache-2.0
#include "decode/engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "decode/beam.h"
#include "decode/given_target.h"
#include "decode/restrictions.h"
#include "decode/sampler.h"

namespace dragoman {
namespace {

constexpr int64_t kMostOpenTokens = 4096;
// Sources are encoded together: as soon as there are tokens enough for products at full rate, or after some steps.
constexpr int64_t kJoinTokens = 256;
constexpr int kMostWaitedSteps = 8;
constexpr int64_t kEncodeTokens = 2048;  // at a time, which bounds memory
constexpr size_t kLogitRows = 64;        // logits exist for so many rows at a time

// Rows of a step: enough for products at full rate, and few enough that the keys and values of their pasts stay in the
// cache. What is computed of a row grows with the square of d_model, what is read of its past with d_model alone: so
// the wider a model, the less it matters, while weights that no cache holds are read once for more rows.
int64_t MostRows(const TransformerConfig& config) { return std::clamp<int64_t>(config.d_model / 4, 64, 256); }

constexpr char kTooLarge[] =
    "it takes more memory than there is by `max_memory_mb`; raise that, or lower `beam_size`, `n_best` or `max_length`";

int64_t RowsOf(const SearchJob& job) {
  if (!job.target.empty()) return 1;
  return job.options->sample ? job.options->n_best : job.options->beam_size;
}

// Activations that a layer has at once, of encoding or of a step.
int64_t RowBytes(const TransformerConfig& config) {
  const int64_t inner = (config.gated || config.ffn_depth > 2 ? 2 : 1) * int64_t{config.d_ff};
  return (inner + int64_t{6} * config.attention_width() + 4 * int64_t{config.d_model}) * int64_t{sizeof(float)};
}

int64_t LogitBytes(const TransformerConfig& config) {
  return int64_t{kLogitRows} * config.tgt_vocab * int64_t{sizeof(float)};
}

}  // namespace

Engine::Load& Engine::Load::operator+=(const Load& other) {
  rows += other.rows, tokens += other.tokens;
  source_bytes += other.source_bytes, likely_bytes += other.likely_bytes;
  return *this;
}

Engine::Load& Engine::Load::operator-=(const Load& other) {
  rows -= other.rows, tokens -= other.tokens;
  source_bytes -= other.source_bytes, likely_bytes -= other.likely_bytes;
  return *this;
}

Engine::Engine(const InferenceModel& model, GenerationRules rules, int64_t most_bytes)
    : model_(model), rules_(std::move(rules)), decoder_(model, pool_), encode_tokens_(kEncodeTokens), most_bytes_(0) {
  if (most_bytes == 0) return;
  DRAGOMAN_CHECK(most_bytes >= LeastBytes(model.config()));
  const int64_t bytes = most_bytes - LogitBytes(model.config());
  encode_tokens_ = std::clamp(bytes / 4 / RowBytes(model.config()), int64_t{1}, kEncodeTokens);
  most_bytes_ = bytes - encode_tokens_ * RowBytes(model.config());
}

int64_t Engine::LeastBytes(const TransformerConfig& config) { return LogitBytes(config) + 256 * RowBytes(config); }

Engine::Load Engine::LoadOf(const SearchJob& job) const {
  constexpr int64_t kUsualGrowth = 10;  // tokens that a translation is longer than its source
  const TransformerConfig& config = model_.config();
  const int64_t rows = RowsOf(job), tokens = static_cast<int64_t>(job.source.size());
  const int64_t source_bytes = tokens * Decoder::SourceTokenBytes(config) +
                               static_cast<int64_t>(job.shortlist.size()) * config.d_model * int64_t{sizeof(float)};
  const int64_t positions = rows * (tokens + kUsualGrowth);  // as if they shared none
  return {rows, tokens, source_bytes,
          source_bytes + rows * RowBytes(config) + positions * Decoder::PositionBytes(config)};
}

bool Engine::FitsBeside(const Load& job) const {
  return open_load_.rows + job.rows <= MostRows(model_.config()) && open_load_.tokens + job.tokens <= kMostOpenTokens &&
         (most_bytes_ == 0 || open_load_.likely_bytes + job.likely_bytes <= most_bytes_);
}

bool Engine::HasRoom() const {
  return open_load_.rows + waiting_load_.rows < MostRows(model_.config()) &&
         open_load_.tokens + waiting_load_.tokens < kMostOpenTokens &&
         (most_bytes_ == 0 || open_load_.likely_bytes + waiting_load_.likely_bytes < most_bytes_);
}

void Engine::Add(const SearchJob& job) {
  waiting_.push_back(job);
  waiting_load_ += LoadOf(job);
}

void Engine::Cancel(int64_t id) {
  std::erase_if(waiting_, [&](const SearchJob& job) {
    if (job.id != id) return false;
    waiting_load_ -= LoadOf(job);
    return true;
  });
  // The rows of the others keep the places that they had in the last step: the decoder knows them by these.
  std::erase_if(running_, [&](const Running& running) {
    if (running.job.id != id) return false;
    Leave(running);
    return true;
  });
}

void Engine::CancelAll() {
  for (const Running& running : running_) Leave(running);
  running_.clear();
  waiting_.clear();
  waiting_load_ = {};
}

std::span<const int32_t> Engine::Settled(int64_t id) const {
  const auto found = std::ranges::find(running_, id, [](const Running& running) { return running.job.id; });
  return found == running_.end() ? std::span<const int32_t>() : found->search->Settled();
}

void Engine::Leave(const Running& running) {
  decoder_.Close(running.source);
  open_load_ -= LoadOf(running.job);
}

int64_t Engine::MaxLength(const SearchJob& job) const {
  // The plus keeps room for short sources ("Hi" may well become five tokens); Marian and fairseq have such terms too.
  const double by_source =
      std::ceil(double{job.options->max_length_factor} * static_cast<double>(job.source.size())) + 10;
  int64_t limit = model_.config().max_tgt_len;
  if (job.options->max_length > 0) limit = std::min<int64_t>(limit, job.options->max_length);
  return static_cast<int64_t>(std::min(static_cast<double>(limit), by_source));  // by_source may be beyond an int64_t
}

std::unique_ptr<SentenceSearch> Engine::Open(const SearchJob& job) const {
  const SearchBounds bounds{model_.config().decoder_start, rules_.eos, MaxLength(job)};
  if (!job.target.empty()) return std::make_unique<GivenTarget>(job.target, bounds.start);
  if (job.options->sample) return std::make_unique<Samples>(*job.options, bounds, job.sentence);
  return std::make_unique<Beam>(*job.options, bounds);
}

bool Engine::WaitingShouldJoin() const {
  if (waiting_.empty()) return false;
  return running_.empty() || waiting_load_.tokens >= kJoinTokens || waited_steps_ >= kMostWaitedSteps;
}

// As many as there is room for, at least one.
void Engine::Join(std::vector<SearchResult>* results) {
  while (!waiting_.empty()) {
    PackedSentences sources;
    const size_t first_new = running_.size();
    while (!waiting_.empty()) {
      const SearchJob& job = waiting_.front();
      const Load load = LoadOf(job);
      if (most_bytes_ > 0 && load.source_bytes + load.tokens * RowBytes(model_.config()) > most_bytes_) {
        results->push_back({job.id, {}, kTooLarge});
        waiting_load_ -= load;
        waiting_.pop_front();
        continue;
      }
      const bool is_encoded_beside = sources.tokens() == 0 || sources.tokens() + load.tokens <= encode_tokens_;
      if (!running_.empty() && !(FitsBeside(load) && is_encoded_beside)) break;
      sources.Add(job.source);
      running_.push_back({job, Open(job), /*source=*/-1});
      open_load_ += load;
      waiting_load_ -= load;
      waiting_.pop_front();
    }
    if (running_.size() == first_new) break;
    std::vector<int32_t> numbers;
    decoder_.Open(sources.view(), &numbers);
    for (size_t i = 0; i < numbers.size(); ++i) {
      Running& running = running_[first_new + i];
      running.source = numbers[i];
      if (!running.job.shortlist.empty()) decoder_.Shortlist(numbers[i], running.job.shortlist);
    }
  }
  waited_steps_ = 0;
}

// Of all running sentences, those of each side by side; and where they are now.
void Engine::GatherRows() {
  rows_.clear();
  for (Running& running : running_) {
    const auto first_row = static_cast<int64_t>(rows_.size());
    for (const SearchRow& row : running.search->rows()) {
      const bool begins = running.position == 0;
      rows_.push_back({running.source, row.token, begins ? -1 : static_cast<int32_t>(running.first_row) + row.parent});
    }
    running.first_row = first_row;
  }
}

// What is wanted of each row.
void Engine::PrepareChoices() {
  choices_.assign(rows_.size(), {});
  best_begin_.assign(1, 0);
  banned_begin_.assign(1, 0);
  banned_.clear();
  size_t r = 0;
  for (Running& running : running_) {
    const DecodeOptions& options = *running.job.options;
    const auto count = static_cast<int64_t>(running.search->rows().size());
    for (int64_t row = 0; row < count; ++row, ++r) {
      choices_[r].draw = running.search->DrawFor(row);
      choices_[r].given = running.search->GivenFor(row);
      choices_[r].skip_log_probs = !running.search->WantsLogProbs();
      best_begin_.push_back(best_begin_.back() + static_cast<size_t>(running.search->Wanted()));
      if (rules_.unk >= 0 && !options.allow_unk) banned_.push_back(rules_.unk);
      const size_t before = banned_.size();
      AppendForbidden(options, rules_.eos, running.search->Said(row), &banned_);
      if (banned_.size() > before) choices_[r].last_resort = rules_.eos;  // who has said all there is may end
      banned_begin_.push_back(banned_.size());
    }
  }
  best_.resize(best_begin_.back());
  for (size_t i = 0; i < choices_.size(); ++i) {
    choices_[i].best = std::span(best_).subspan(best_begin_[i], best_begin_[i + 1] - best_begin_[i]);
    choices_[i].banned = std::span(banned_).subspan(banned_begin_[i], banned_begin_[i + 1] - banned_begin_[i]);
  }
}

void Engine::ChooseFromAll(size_t first, size_t end) {
  for (size_t count = 0; first < end; first += count) {
    count = std::min(kLogitRows, end - first);
    const PooledMatrix logits = decoder_.Logits(static_cast<int64_t>(first), static_cast<int64_t>(count));
    kernels::ChooseTokens(logits.view(), rules_.banned, std::span(choices_).subspan(first, count));
  }
}

// Tokens go by their places in the list until they are chosen.
void Engine::ChooseFromShortlist(const Running& running) {
  const std::span<const int32_t> list = running.job.shortlist;
  const auto place_of = [&](int32_t token) {
    const auto at = std::ranges::lower_bound(list, token);
    return at != list.end() && *at == token ? static_cast<int32_t>(at - list.begin()) : -1;
  };
  const size_t rows = running.search->rows().size();
  const PooledMatrix logits =
      decoder_.ShortlistLogits(running.source, running.first_row, static_cast<int64_t>(rows));  // [rows, list.size()]
  for (size_t row = 0; row < rows; ++row) {
    kernels::TokenChoice& choice = choices_[static_cast<size_t>(running.first_row) + row];
    places_.clear();
    for (const int32_t token : choice.banned) {
      if (const int32_t place = place_of(token); place >= 0) places_.push_back(place);
    }
    choice.banned = places_;
    if (choice.last_resort >= 0) choice.last_resort = place_of(choice.last_resort);
    kernels::ChooseTokens(logits.view().Rows(static_cast<int64_t>(row), 1), {}, {&choice, 1});
    for (kernels::TokenLogProb& best : choice.best.first(static_cast<size_t>(choice.found))) {
      best.token = list[static_cast<size_t>(best.token)];
    }
  }
}

void Engine::Choose() {
  size_t first = 0, end = 0;  // rows whose sentences have no shortlist, side by side
  for (const Running& running : running_) {
    const size_t rows = running.search->rows().size();
    if (running.job.shortlist.empty()) {
      end += rows;
      continue;
    }
    ChooseFromAll(first, end);
    ChooseFromShortlist(running);
    first = end = static_cast<size_t>(running.first_row) + rows;
  }
  ChooseFromAll(first, end);
  // What begins every sentence is given, not chosen: it is certain.
  for (const Running& running : running_) {
    if (running.position >= rules_.forced_first.size()) continue;
    for (size_t row = 0; row < running.search->rows().size(); ++row) {
      kernels::TokenChoice& choice = choices_[static_cast<size_t>(running.first_row) + row];
      choice.best.front() = {rules_.forced_first[running.position], 0.0f};
      choice.found = 1;
    }
  }
}

// Before anything is chosen, when all that is kept belongs to the rows at hand. Where hypotheses share less of their
// past than was thought, or are longer, the youngest sentences wait once more: they are searched anew, and find the
// same.
void Engine::KeepWithinMemory(std::vector<SearchResult>* results) {
  const int64_t position_bytes = Decoder::PositionBytes(model_.config());
  const int64_t kept = open_load_.source_bytes + decoder_.history().in_use() * position_bytes;
  if (most_bytes_ == 0 || kept + static_cast<int64_t>(rows_.size()) * position_bytes <= most_bytes_) return;
  const bool is_alone = running_.size() == 1;
  for (size_t leaving = (running_.size() + 3) / 4; leaving > 0; --leaving) {
    const Running& youngest = running_.back();
    if (is_alone) {
      results->push_back({youngest.job.id, {}, kTooLarge});
    } else {
      waiting_.push_front(youngest.job);
      waiting_load_ += LoadOf(youngest.job);
    }
    rows_.resize(static_cast<size_t>(youngest.first_row));
    Leave(youngest);
    running_.pop_back();
  }
}

void Engine::Advance(std::vector<SearchResult>* results) {
  std::erase_if(running_, [&](Running& running) {
    const auto first = static_cast<size_t>(running.first_row);
    try {
      running.search->Advance(std::span(choices_).subspan(first, running.search->rows().size()));
      ++running.position;
      if (!running.search->done()) return false;
      results->push_back({running.job.id, running.search->Finish(), ""});
    } catch (const NumericError& error) {
      results->push_back({running.job.id, {}, error.what()});
    }
    Leave(running);
    return true;
  });
}

std::vector<SearchResult> Engine::Step() {
  std::vector<SearchResult> results;
  if (WaitingShouldJoin()) {
    Join(&results);
  } else if (!waiting_.empty()) {
    ++waited_steps_;
  }
  if (running_.empty()) return results;
  GatherRows();
  decoder_.Step(rows_);
  KeepWithinMemory(&results);
  PrepareChoices();
  Choose();
  Advance(&results);
  return results;
}

}  // namespace dragoman
