// SPDX-License-Identifier: Apache-2.0
#include "train/run_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "autograd/parameter.h"
#include "base/cores.h"
#include "base/counted.h"
#include "base/process_memory.h"
#include "base/signals.h"
#include "model/transformer_layers.h"
#include "train/overlap.h"

namespace dragoman {
namespace {

// What PackedWeights takes. bf16: each weight of products as it is and transposed, of two bytes a number; f32: the
// output weight transposed.
int64_t PackedFloats(const ParameterPlan& plan, Precision precision) {
  int64_t floats = 0;
  for (const auto& parameter : plan.parameters()) {
    const bool is_packed =
        parameter->use == WeightUse::kOutput || (parameter->use == WeightUse::kLinear && precision == Precision::kBf16);
    if (is_packed) floats += parameter->size;
  }
  return floats;
}

}  // namespace

MemoryFacts MemoryOf(const TrainOptions& options, Precision precision, int ranks) {
  const TransformerConfig& config = options.model;
  const ParameterPlan plan = PlanOf(config);
  const int64_t workers = options.threads, floats = plan.flat_size(), packed = PackedFloats(plan, precision);
  const int64_t state = (options.ema_decay > 0 ? 3 : 2) * floats;  // moments and average
  const int64_t times = options.r_drop > 0 ? 2 : 1;                // that a sentence goes through at once
  const int64_t share = times * (int64_t{5} * options.batch_tokens / workers + 1);  // target, and 4 times the source
  MemoryFacts facts;
  facts.weights = 4 * (floats * (1 + workers) + packed + (options.shard_optimizer ? state / ranks : state));
  facts.activations = workers * MicroBatchBytes(config, std::min<int64_t>(options.micro_batch_tokens, share));
  facts.least_activations = workers * MicroBatchBytes(config, 1);
  facts.limit = options.memory_mb << 20;
  facts.available = AvailableMemory();
  facts.threads = options.threads;
  return facts;
}

std::vector<std::string> WarningsAtStart(const OpenedRun& run) {
  std::vector<std::string> lines;
  if (run.precision != run.options.precision) {
    lines.push_back(fmt::format("`precision` bf16 needs a processor with AVX512_BF16, which {} lacks: training in f32",
                                run.comm.size() == 1 ? "this one" : "a rank's"));
  }
  const int usable = UsableCores();
  if (run.comm.size() > 1 && run.pool.workers() > usable) {
    lines.push_back(fmt::format("{} share {}: mpirun has bound this process; give mpirun --bind-to none",
                                Counted(run.pool.workers(), "thread"), Counted(usable, "core")));
  }
  return lines;
}

std::vector<std::string> NotesAtStart(const OpenedRun& run) {
  const TransformerConfig& config = run.model->config();
  const int ranks = run.comm.size();
  std::vector<std::string> lines;
  lines.push_back(fmt::format("model: {} parameters, {} + {} layers, d_model {}, {}", run.model->parameters().count(),
                              config.encoder_layers, config.decoder_layers, config.d_model,
                              Counted(run.pool.workers(), "thread")));
  if (ranks > 1) {
    lines.push_back(fmt::format("ranks: {}; one update learns from {} batches", ranks, ranks * run.options.accumulate));
  }
  for (std::string& line : run.length->Describe(run.standing.state.timed_steps)) lines.push_back(std::move(line));
  return lines;
}

RunFacts FactsOf(const OpenedRun& run) {
  RunFacts facts;
  facts.updates = run.length->updates();
  facts.ends_by = run.length->ends_by();
  facts.warmup = run.options.warmup;
  if (const ScheduleOptions schedule = run.length->ScheduleAt(0); schedule.Decays()) {
    facts.decay_steps = schedule.decay_steps;
  }
  facts.has_validation = !run.options.valid_src.empty();
  // What follows cannot be changed any more, or is rank 0's to say.
  if (run.standing.saved_step >= 0 || !run.IsFirst()) return facts;
  if (run.options.init_from.empty()) {
    facts.joint_vocabulary = run.vocabs.joint();
    facts.src_vocab = run.vocabs.src->size();
    facts.tgt_vocab = run.vocabs.tgt->size();
    facts.src_tokens = run.corpus->report().src_tokens;
    facts.tgt_tokens = run.corpus->report().tgt_tokens;
  }
  if (run.validator && !run.options.quiet) {
    facts.valid_pairs = run.validator->pairs();
    facts.valid_pairs_in_training = CountPairsInCorpus(run.validator->batches(), *run.corpus, ThrowIfStopRequested);
  }
  return facts;
}

}  // namespace dragoman
