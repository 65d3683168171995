// SPDX-License-Identifier: Apache-2.0
// What looks unwise about a run, told at its start with the remedy: a pure function from facts to lines.
#ifndef DRAGOMAN_TRAIN_ADVICE_H_
#define DRAGOMAN_TRAIN_ADVICE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace dragoman {

// Zero stands for "not known" or "does not matter here", and earns no advice.
struct RunFacts {
  // Length. `updates` as `max_steps` or `max_epochs` will end it, `ends_by` that option with its value.
  int64_t updates = 0;
  std::string ends_by;
  int64_t warmup = 0;
  int64_t decay_steps = 0;  // of a schedule that decays

  // Data, and a vocabulary that can still be chosen: a run that goes on, or fine-tunes a model, has its own.
  int64_t pairs = 0;
  int64_t src_tokens = 0, tgt_tokens = 0;
  int64_t src_vocab = 0, tgt_vocab = 0;  // pieces
  bool joint_vocabulary = false;

  bool has_validation = false;
  int64_t valid_pairs = 0, valid_pairs_in_training = 0;
};

std::vector<std::string> Advise(const RunFacts& facts);

// The advice on a warm-up that a run of so many updates does not get through; "" where it does.
std::string AdviseOnWarmup(int64_t warmup, int64_t updates, const std::string& ends_by);

// The advice on a schedule whose rate is at 0 after decay_steps (0: none does) when the run of so many updates, ended
// by ends_by, is much shorter, or longer; "" where it fits.
std::string AdviseOnDecay(int64_t decay_steps, int64_t updates, const std::string& ends_by);

// Memory of this process, in bytes.
struct MemoryFacts {
  int64_t weights = 0;            // with moments, averages and every worker's gradients
  int64_t activations = 0;        // of all workers
  int64_t least_activations = 0;  // with micro-batches of a single token
  int64_t limit = 0;              // `memory_mb`, which is for activations
  int64_t available = 0;
  int threads = 1;
};

std::vector<std::string> AdviseOnMemory(const MemoryFacts& facts);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_ADVICE_H_
