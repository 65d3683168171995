// SPDX-License-Identifier: Apache-2.0
#include "train/advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"

namespace dragoman {
namespace {

// A piece that is met less often than this, on average, has hardly been taught.
constexpr int64_t kFewTokensAPiece = 15;
// What the remedy aims at.
constexpr int64_t kEnoughTokensAPiece = 60;

// Two leading digits are plenty for a number that is a rule of thumb.
int64_t Rounded(int64_t number) {
  int64_t unit = 1;
  while (number / unit >= 100) unit *= 10;
  return std::max<int64_t>(1, number / unit * unit);
}

std::string AdviseOnVocabulary(const char* option, const char* side, int64_t pieces, int64_t tokens) {
  if (pieces == 0 || tokens >= pieces * kFewTokensAPiece) return "";
  return fmt::format(
      "{} has {} pieces, but the {} no more than {} tokens: most pieces are met too seldom to be learnt; make one with "
      "dragoman vocab `size` {}, or the least that the text's characters allow",
      option, pieces, side, tokens, std::max<int64_t>(100, Rounded(tokens / kEnoughTokensAPiece)));
}

std::string AdviseOnValidation(const RunFacts& f) {
  if (!f.has_validation) {
    return "no validation: nothing will show when the model stops getting better, or gets worse; keep some pairs out "
           "of the training data and give them as `valid_src` and `valid_tgt`";
  }
  if (f.valid_pairs_in_training == 0) return "";
  return fmt::format(
      "{} of {} validation pairs {} in the training data, too: scores will be too good, and the best checkpoint the "
      "one that knows them by heart; take {} out of the training data",
      f.valid_pairs_in_training, f.valid_pairs, f.valid_pairs_in_training == 1 ? "is" : "are",
      f.valid_pairs_in_training == 1 ? "it" : "them");
}

std::string Megabytes(int64_t bytes) { return fmt::format("{} MB", (bytes + (1 << 20) - 1) >> 20); }

}  // namespace

std::string AdviseOnWarmup(int64_t warmup, int64_t updates, const std::string& ends_by) {
  if (updates == 0 || updates >= warmup) return "";
  return fmt::format(
      "the run ends inside its warm-up ({}: {}, `warmup` {}), so the learning rate never reaches its peak; give "
      "`warmup` {}, or let the run be longer",
      ends_by, Counted(updates, "update"), warmup, Rounded(updates / 5));
}

std::string AdviseOnDecay(int64_t decay_steps, int64_t updates, const std::string& ends_by) {
  if (decay_steps == 0 || updates == 0 || decay_steps == updates) return "";
  if (updates > decay_steps) {
    return fmt::format(
        "{} makes {}, but after `decay_steps` {} the learning rate is 0: nothing is learnt from then on; leave "
        "`decay_steps` out to end with the run",
        ends_by, Counted(updates, "update"), decay_steps);
  }
  // Half of the way down and further is a choice; a rate that hardly falls is not what was asked for.
  if (updates * 2 > decay_steps) return "";
  return fmt::format(
      "{} ends the run after {}, long before the learning rate has come down (update {}); give `decay_steps` {}",
      ends_by, Counted(updates, "update"), decay_steps, updates);
}

std::vector<std::string> Advise(const RunFacts& f) {
  std::vector<std::string> lines = {AdviseOnWarmup(f.warmup, f.updates, f.ends_by),
                                    AdviseOnDecay(f.decay_steps, f.updates, f.ends_by)};
  if (f.joint_vocabulary) {
    lines.push_back(AdviseOnVocabulary("`vocab`", "training data have", f.src_vocab, f.src_tokens + f.tgt_tokens));
  } else {
    lines.push_back(AdviseOnVocabulary("`src_vocab`", "training data's source has", f.src_vocab, f.src_tokens));
    lines.push_back(AdviseOnVocabulary("`tgt_vocab`", "training data's target has", f.tgt_vocab, f.tgt_tokens));
  }
  lines.push_back(AdviseOnValidation(f));
  std::erase(lines, "");
  return lines;
}

std::vector<std::string> AdviseOnMemory(const MemoryFacts& f) {
  std::vector<std::string> lines;
  if (f.limit > 0 && f.limit < f.least_activations) {
    lines.push_back(
        fmt::format("`memory_mb` {} is less than {} can do with ({}): micro-batches of a single sentence will take "
                    "more; give more, fewer `threads` or a smaller model",
                    f.limit >> 20, Counted(f.threads, "thread"), Megabytes(f.least_activations)));
  }
  if (const int64_t needed = f.weights + f.activations; f.available > 0 && needed > f.available) {
    const bool fits_without = f.weights < f.available;
    lines.push_back(
        fmt::format("training will take about {}, but only {} of memory are available: the system may end it; give {}",
                    Megabytes(needed), Megabytes(f.available),
                    fits_without ? fmt::format("`memory_mb` {}, fewer `threads` or a smaller `preset`",
                                               std::max<int64_t>(1, (f.available - f.weights) >> 20))
                                 : std::string("fewer `threads` or a smaller `preset`")));
  }
  return lines;
}

}  // namespace dragoman
