// SPDX-License-Identifier: Apache-2.0
// Attention over 1000 packed tokens of equal sentences, and one decoding step. GFLOP/s counts the multiplications and
// additions of the matrix products alone: 4 * q_len * k_len * d_head forward, 10 backward (5 products, one of them to
// compute the scores again); half of it when causal.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "kernels/attention.h"
#include "kernels/cached_attention.h"
#include "tensor/flat_buffer.h"

namespace dragoman::kernels {
namespace {

constexpr int64_t kTokens = 1000;
// Floats between matrices: at equal offsets modulo 4096 bytes they would compete for the same lines of the L1 cache.
constexpr int64_t kGap = 272;

struct Call {
  AttentionShape shape;
  std::vector<int32_t> offsets = {0};
  int64_t width, tokens;
  FlatBuffer values, scratch, log_sum_exp;

  Call(const benchmark::State& state, bool causal, float dropout)
      : shape{static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), causal, {dropout, 1}},
        width(int64_t{shape.heads} * shape.d_head) {
    const int64_t length = state.range(2);
    while (offsets.back() + length <= kTokens) offsets.push_back(static_cast<int32_t>(offsets.back() + length));
    tokens = offsets.back();
    values = FlatBuffer(8 * (tokens * width + kGap));
    std::mt19937 rng(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& x : values.span()) x = uniform(rng);
    scratch = FlatBuffer(AttentionScratchFloats(shape, length, length));
    log_sum_exp = FlatBuffer(shape.heads * tokens);
  }

  Packing packing() const { return {offsets}; }
  Matrix operator[](int i) { return {values.data() + i * (tokens * width + kGap), tokens, width}; }
  AttentionOperands Operands(int i) { return {(*this)[i], (*this)[i + 1], (*this)[i + 2]}; }
  AttentionGradients Gradients(int i) { return {(*this)[i], (*this)[i + 1], (*this)[i + 2]}; }
  void Forward() {
    AttentionForward(shape, packing(), packing(), Operands(0), (*this)[3], log_sum_exp.data(), scratch.data());
  }
  void Backward() {
    AttentionBackward(shape, packing(), packing(), Operands(0), (*this)[4], log_sum_exp.data(), Gradients(5),
                      scratch.data());
  }
  void Report(benchmark::State& state, double flops_per_pair) const {
    const double pairs = static_cast<double>(tokens) * state.range(2) * (shape.causal ? 0.5 : 1);
    state.counters["FLOP/s"] =
        benchmark::Counter(pairs * width * flops_per_pair, benchmark::Counter::kIsIterationInvariantRate);
    state.SetItemsProcessed(state.iterations() * tokens);
  }
};

void Forward(benchmark::State& state, bool causal, float dropout) {
  Call call(state, causal, dropout);
  for (auto _ : state) call.Forward();
  call.Report(state, 4);
}

void Backward(benchmark::State& state, bool causal, float dropout) {
  Call call(state, causal, dropout);
  call.Forward();
  for (auto _ : state) call.Backward();
  call.Report(state, 10);
}

// One hypothesis, `length` positions in.
void Step(benchmark::State& state) {
  Call call(state, true, 0);
  const auto length = static_cast<int32_t>(state.range(2));
  std::vector<int32_t> places, offsets = {0, length};
  for (int32_t j = 0; j < length; ++j) places.push_back(j);
  float* keys = call[1].data;
  float* values = call[2].data;
  std::vector<float> scratch(static_cast<size_t>(CachedAttentionScratchFloats(call.shape, length)));
  for (auto _ : state) {
    AttendToRows(call.shape, call[0].Rows(0, 1), {places, {offsets}}, {&keys, length, 0, call.width},
                 {&values, length, 0, call.width}, call[3].Rows(0, 1), scratch.data());
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(4.0 * call.width * length, benchmark::Counter::kIsIterationInvariantRate);
}

void Shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"heads", "d_head", "len"});
  b->Args({8, 64, 14})->Args({4, 32, 14})->Args({4, 64, 14})->Args({4, 64, 20})->Args({4, 64, 40})->Args({4, 64, 100});
}

BENCHMARK_CAPTURE(Forward, full, false, 0)->Apply(Shapes);
BENCHMARK_CAPTURE(Forward, causal, true, 0)->Apply(Shapes);
BENCHMARK_CAPTURE(Forward, dropout, false, 0.1f)->Apply(Shapes);
BENCHMARK_CAPTURE(Backward, full, false, 0)->Apply(Shapes);
BENCHMARK_CAPTURE(Backward, causal, true, 0)->Apply(Shapes);
BENCHMARK_CAPTURE(Backward, dropout, false, 0.1f)->Apply(Shapes);
BENCHMARK(Step)->Apply(Shapes);

}  // namespace
}  // namespace dragoman::kernels

BENCHMARK_MAIN();
