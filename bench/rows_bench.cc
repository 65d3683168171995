// SPDX-License-Identifier: Apache-2.0
// The passes around the products: row by row, one thread. Bytes are those that a pass reads and writes, each once; what
// fits into a cache stays there from one pass to the next, as much as it does in a training step.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "kernels/activation.h"
#include "kernels/adam.h"
#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/embedding.h"
#include "kernels/layer_norm.h"
#include "kernels/softmax.h"
#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace dragoman::kernels {
namespace {

constexpr int64_t kVocab = 8000;
constexpr float kEpsilon = 1e-6f;
constexpr Dropout kDropout{.rate = 0.1f, .key = 1};

// Matrices of one shape, [rows, cols] as the benchmark's arguments say, and vectors of a row's or a column's length.
class Operands {
 public:
  explicit Operands(benchmark::State& state)
      : rows_(state.range(0)), cols_(state.range(1)), values_(4 * size()), vectors_(4 * (rows_ + cols_)) {
    std::mt19937 rng(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& x : values_.span()) x = uniform(rng);
    for (float& x : vectors_.span()) x = uniform(rng);
    for (int64_t r = 0; r < rows_; ++r) ids_.push_back(static_cast<int32_t>(rng() % kVocab));
  }

  int64_t size() const { return rows_ * cols_; }
  Matrix operator[](int i) { return {values_.data() + i * size(), rows_, cols_}; }
  std::span<float> Flat(int i) { return values_.span().subspan(static_cast<size_t>(i * size()), Size()); }
  float* Vector(int i) { return vectors_.data() + i * (rows_ + cols_); }
  const std::vector<int32_t>& ids() const { return ids_; }

  // passes: over one matrix, read or written
  void Report(benchmark::State& state, int passes) const {
    state.SetBytesProcessed(state.iterations() * passes * size() * static_cast<int64_t>(sizeof(float)));
  }

 private:
  size_t Size() const { return static_cast<size_t>(size()); }

  int64_t rows_, cols_;
  FlatBuffer values_, vectors_;
  std::vector<int32_t> ids_;
};

void LogSoftmax(benchmark::State& state) {
  Operands x(state);
  for (auto _ : state) LogSoftmaxRows(x[0]);
  x.Report(state, 2);
}

void CrossEntropy(benchmark::State& state) {
  Operands x(state);
  for (auto _ : state) benchmark::DoNotOptimize(CrossEntropyRows(x[0], x.ids(), 0.1f, 1.0f));
  x.Report(state, 2);
}

void LayerNorm(benchmark::State& state) {
  Operands x(state);
  for (auto _ : state) LayerNormForward(x[0], x.Vector(0), x.Vector(1), kEpsilon, x[1], x.Vector(2), x.Vector(3));
  x.Report(state, 2);
}

void LayerNormGradient(benchmark::State& state) {
  Operands x(state);
  LayerNormForward(x[0], x.Vector(0), nullptr, kEpsilon, x[1], x.Vector(2), x.Vector(3));
  for (auto _ : state) {
    LayerNormBackward(x[1], x[0], x.Vector(0), x.Vector(2), x.Vector(3), x[2], /*accumulate=*/false, x.Vector(1),
                      nullptr);
  }
  x.Report(state, 3);
}

void Activate(benchmark::State& state, Activation activation) {
  Operands x(state);
  for (auto _ : state) ActivationForward(activation, x[0], nullptr, x[1]);
  x.Report(state, 2);
}

void ActivateGradient(benchmark::State& state, Activation activation) {
  Operands x(state);
  for (auto _ : state) ActivationBackward(activation, x[0], x[1], x[2]);
  x.Report(state, 3);
}

void DropOut(benchmark::State& state) {
  Operands x(state);
  for (auto _ : state) ApplyDropout(kDropout, x[0], x[1], /*accumulate=*/false);
  x.Report(state, 2);
}

void Residual(benchmark::State& state) {
  Operands x(state);
  for (auto _ : state) ResidualDropout(kDropout, x[0], x.Vector(0), x[1], x[2]);
  x.Report(state, 3);
}

void BiasGradient(benchmark::State& state) {
  Operands x(state);
  for (auto _ : state) AddColumnSums(x[0], x.Vector(0));
  x.Report(state, 1);
}

void Embed(benchmark::State& state) {
  Operands x(state);
  FlatBuffer table(kVocab * state.range(1));
  std::ranges::fill(table.span(), 1.0f);
  for (auto _ : state) {
    EmbeddingForward(x.ids(), Matrix(table.data(), kVocab, state.range(1)), 2.0f, x.ids(), Matrix(), x[0]);
  }
  x.Report(state, 2);
}

void EmbedGradient(benchmark::State& state) {
  Operands x(state);
  FlatBuffer table(kVocab * state.range(1));
  std::ranges::fill(table.span(), 1.0f);
  for (auto _ : state) EmbeddingBackward(x.ids(), x[0], 2.0f, Matrix(table.data(), kVocab, state.range(1)));
  x.Report(state, 3);
}

void Adam(benchmark::State& state) {
  Operands x(state);
  Scale(x.Flat(2), 0.0f);  // of the second moment, which is not negative
  for (auto _ : state) AdamUpdate({.learning_rate = 1e-6f}, x.Flat(0), x.Flat(1), x.Flat(2), x.Flat(3));
  x.Report(state, 7);
}

// base's and tiny's micro-batches.
void Model(benchmark::internal::Benchmark* b) { b->ArgNames({"rows", "cols"})->Args({640, 512})->Args({512, 128}); }
void FeedForward(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "cols"})->Args({640, 2048})->Args({512, 256});
}
void Logits(benchmark::internal::Benchmark* b) { b->ArgNames({"rows", "cols"})->Args({256, kVocab}); }

BENCHMARK(LogSoftmax)->Apply(Logits);
BENCHMARK(CrossEntropy)->Apply(Logits);
BENCHMARK(LayerNorm)->Apply(Model);
BENCHMARK(LayerNormGradient)->Apply(Model);
BENCHMARK_CAPTURE(Activate, relu, Activation::kRelu)->Apply(FeedForward);
BENCHMARK_CAPTURE(Activate, gelu, Activation::kGelu)->Apply(FeedForward);
BENCHMARK_CAPTURE(ActivateGradient, relu, Activation::kRelu)->Apply(FeedForward);
BENCHMARK_CAPTURE(ActivateGradient, gelu, Activation::kGelu)->Apply(FeedForward);
BENCHMARK(DropOut)->Apply(FeedForward);
BENCHMARK(Residual)->Apply(Model);
BENCHMARK(BiasGradient)->Apply(FeedForward);
BENCHMARK(Embed)->Apply(Model);
BENCHMARK(EmbedGradient)->Apply(Model);
BENCHMARK(Adam)->ArgNames({"rows", "cols"})->Args({1, 16 * 1024})->Args({1, 4 * 1024 * 1024});

}  // namespace
}  // namespace dragoman::kernels

BENCHMARK_MAIN();
