// SPDX-License-Identifier: Apache-2.0
// Our side of train_speed.py: trains a preset on the batches of a file, on request. Same protocol as pytorch_train.py:
//   at the start  {"name", "parameters"}
//   run N         {"tokens", "seconds", "loss"}    of training on the next N batches, going round
//   peak          {"peak_bytes"}                   most memory since the start, less what the program itself took
// End of input ends the program.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "data/batch.h"
#include "kernels/gemm.h"
#include "kernels/target.h"
#include "model/transformer.h"
#include "model/transformer_config.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"

namespace dragoman {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string batches;
  std::string preset = "base";
  std::string precision = "f32";
  int threads = 2;
  int micro_batch_tokens = 0;
  uint64_t seed = 1;
  double learning_rate = 1e-4;
};

// VmRSS (resident now) or VmHWM (most since the last reset) of this process, in bytes.
int64_t MemoryBytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string key;
  int64_t kilobytes = 0;
  while (status >> key) {
    if (key == field + ":" && status >> kilobytes) return kilobytes * 1024;
    std::getline(status, key);
  }
  throw FileError("/proc/self/status", "no line " + field + "; is this Linux?");
}

void ResetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

Json ReadJson(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw FileError(path, "cannot be opened; make_batches.py writes such a file");
  return Json::parse(file);
}

PackedSentences ReadSentences(const Json& side) {
  return {side.at("ids").get<std::vector<int32_t>>(), side.at("offsets").get<std::vector<int32_t>>()};
}

std::vector<Batch> MakeBatches(const Json& content, int decoder_start) {
  std::vector<Batch> batches;
  for (const Json& entry : content.at("batches")) {
    Batch batch;
    batch.src = ReadSentences(entry.at("src"));
    batch.tgt_out = ReadSentences(entry.at("tgt"));
    for (int64_t s = 0; s < batch.tgt_out.packing().sentences(); ++s) {
      batch.tgt_in.AddShiftedRight(batch.tgt_out.Sentence(s), decoder_start);
      batch.pair_ids.push_back(s);
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

TransformerConfig MakeConfig(const Options& options, int vocab) {
  TransformerConfig config = TransformerConfig::Preset(options.preset);
  config.src_vocab = config.tgt_vocab = vocab;
  return config;
}

Precision PrecisionOf(const std::string& name) {
  if (name == "f32") return Precision::kF32;
  if (!kernels::HasFastBf16()) throw OptionError("--precision bf16: this processor lacks AVX512_BF16; give f32");
  return Precision::kBf16;
}

class SpeedTrainer {
 public:
  SpeedTrainer(const Options& options, const Json& content)
      : learning_rate_(options.learning_rate),
        model_(MakeConfig(options, content.at("vocab").get<int>())),
        batches_(MakeBatches(content, model_.config().decoder_start)),
        pool_(options.threads),
        workers_(model_, pool_,
                 GradientOptions{.micro_batch_tokens = options.micro_batch_tokens,
                                 .precision = PrecisionOf(options.precision)}),
        optimizer_(OptimizerOptions{}, model_.parameters().flat_size()) {
    model_.Initialize(options.seed);
  }

  int64_t parameters() const { return model_.parameters().count(); }

  Json Run(int steps) {
    const auto begin = Clock::now();
    BatchSums sums;
    for (int i = 0; i < steps; ++i) sums.Add(Step());
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const double loss = sums.loss / static_cast<double>(sums.tgt_tokens);
    return {{"tokens", sums.tgt_tokens}, {"seconds", seconds}, {"loss", loss}};
  }

 private:
  // One update, as dragoman train makes it.
  BatchSums Step() {
    const Batch& batch = batches_[static_cast<size_t>(step_) % batches_.size()];
    ++step_;
    const float scale = 1.0f / static_cast<float>(batch.tgt_tokens());
    const BatchSums sums = workers_.Accumulate(batch, scale, /*dropout_key=*/static_cast<uint64_t>(step_));
    const double norm = optimizer_.SumGradients(pool_, workers_.gradients());
    optimizer_.Update(pool_, learning_rate_, step_, norm, workers_.gradients(), model_.parameters().values());
    return sums;
  }

  double learning_rate_;
  Transformer model_;
  std::vector<Batch> batches_;
  WorkerPool pool_;
  GradientWorkers workers_;
  Optimizer optimizer_;
  int64_t step_ = 0;
};

void Reply(const Json& answer) {
  fmt::print("{}\n", answer.dump());
  std::fflush(stdout);
}

void Serve(const Options& options) {
  ResetPeakMemory();
  const int64_t start_bytes = MemoryBytes("VmRSS");
  SpeedTrainer trainer(options, ReadJson(options.batches));
  Reply({{"name", "Dragoman"}, {"parameters", trainer.parameters()}});
  std::string command;
  while (std::cin >> command) {
    int steps = 0;
    if (command == "run" && std::cin >> steps) {
      Reply(trainer.Run(steps));
    } else if (command == "peak") {
      Reply({{"peak_bytes", MemoryBytes("VmHWM") - start_bytes}});
    } else {
      throw OptionError("stdin: unknown command \"" + command + "\", expected run N or peak");
    }
  }
}

}  // namespace
}  // namespace dragoman

int main(int argc, char** argv) {
  CLI::App app("Our side of bench/train_speed.py, which starts it.");
  dragoman::Options options;
  app.add_option("--batches", options.batches, "file written by make_batches.py")->required();
  app.add_option("--preset", options.preset, "tiny, small or base");
  app.add_option("--precision", options.precision, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--threads", options.threads, "one per core")->check(CLI::Range(1, 1024));
  app.add_option("--micro-batch-tokens", options.micro_batch_tokens, "that a thread computes on at a time; 0: chosen");
  app.add_option("--seed", options.seed, "of the first weights");
  app.add_option("--learning-rate", options.learning_rate, "constant");
  CLI11_PARSE(app, argc, argv);
  try {
    dragoman::kernels::UseTargetFromEnvironment();
    dragoman::Serve(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "train_speed: {}\n", error.what());
    return 1;
  }
  return 0;
}
