// SPDX-License-Identifier: Apache-2.0
// gemm_bench: products of matrices in the shapes of training and decoding, on one thread, in GFLOP/s: ours in f32 and
// in bf16 (rounding of the factors included), beside oneDNN's sgemm where this was built with it.
#include <fmt/format.h>
#ifdef DRAGOMAN_BENCH_ONEDNN
#include <dnnl.h>
#include <omp.h>
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/gemm.h"
#include "kernels/target.h"
#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace {

using dragoman::FlatBuffer;
using dragoman::Matrix;
using dragoman::kernels::Transpose;

constexpr int64_t kMaxRows = 1024;
constexpr int64_t kColdFloats = int64_t{1} << 24;  // 64 MB, more than a cache holds

// As training calls them: y = x W, dx = dy W^T, dW += x^T dy. x [m, k], W [k, n].
enum class Kind { kForward, kInputGradient, kWeightGradient };

struct Product {
  Kind kind;
  int64_t m, n, k;
  double flops() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
};

using Gemm = void (*)(const Matrix&, Transpose, const Matrix&, Transpose, const Matrix&, bool accumulate);

#ifdef DRAGOMAN_BENCH_ONEDNN
char Letter(Transpose transpose) { return transpose == Transpose::kYes ? 'T' : 'N'; }

void OneDnnGemm(const Matrix& a, Transpose ta, const Matrix& b, Transpose tb, const Matrix& c, bool accumulate) {
  const int64_t k = ta == Transpose::kYes ? a.rows : a.cols;
  dnnl_sgemm(Letter(ta), Letter(tb), c.rows, c.cols, k, 1.0f, a.data, a.stride, b.data, b.stride,
             accumulate ? 1.0f : 0.0f, c.data, c.stride);
}
#endif

struct Candidate {
  std::string name;
  Gemm gemm;
};

std::vector<Candidate> Candidates() {
  std::vector<Candidate> all = {{"f32", &dragoman::kernels::Gemm}};
#ifdef DRAGOMAN_BENCH_ONEDNN
  omp_set_num_threads(1);
  all.push_back({"oneDNN", &OneDnnGemm});
#endif
  if (dragoman::kernels::HasFastBf16()) all.push_back({"bf16", &dragoman::kernels::GemmBf16});
  return all;
}

// Time of this thread alone: what else runs on the machine takes caches from it, but not time.
double ThreadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class Bench {
 public:
  Bench(bool cold, double seconds) : cold_(cold), seconds_(seconds) {
    for (FlatBuffer* buffer : {&x_, &w_, &y_}) {
      for (int64_t i = 0; i < buffer->size(); ++i) buffer->data()[i] = static_cast<float>(i % 1013) / 1013 - 0.5f;
    }
  }

  // GFLOP/s of each candidate, the best of many rounds in turns.
  std::vector<double> Measure(const std::vector<Candidate>& candidates, const Product& p) {
    const int calls = std::max(1, static_cast<int>(2e7 / p.flops()));
    std::vector<double> best(candidates.size(), 1e9);
    double spent = 0;
    for (int round = 0; round < 3 || spent < seconds_ * static_cast<double>(candidates.size()); ++round) {
      for (size_t i = 0; i < candidates.size(); ++i) {
        const double begin = ThreadSeconds();
        for (int call = 0; call < calls; ++call) Run(candidates[i].gemm, p);
        const double seconds = ThreadSeconds() - begin;
        spent += seconds;
        best[i] = std::min(best[i], seconds / calls);
      }
    }
    for (double& seconds : best) seconds = p.flops() / seconds * 1e-9;
    return best;
  }

 private:
  void Run(Gemm gemm, const Product& p) {
    const Matrix x(x_.data(), p.m, p.k), y(y_.data(), p.m, p.n), w(NextWeights(p.n * p.k), p.k, p.n);
    switch (p.kind) {
      case Kind::kForward:
        return gemm(x, Transpose::kNo, w, Transpose::kNo, y, false);
      case Kind::kInputGradient:
        return gemm(y, Transpose::kNo, w, Transpose::kYes, x, false);
      case Kind::kWeightGradient:
        return gemm(x, Transpose::kYes, y, Transpose::kNo, w, true);
    }
  }

  float* NextWeights(int64_t floats) {
    if (!cold_) return w_.data();
    at_ = at_ + 2 * floats <= w_.size() ? at_ + floats : 0;
    return w_.data() + at_;
  }

  bool cold_;
  double seconds_;
  FlatBuffer x_{kMaxRows * 2048}, w_{kColdFloats}, y_{kMaxRows * 8000};
  int64_t at_ = 0;
};

const std::vector<std::pair<Kind, std::string>> kKinds = {
    {Kind::kForward, "y = x W"}, {Kind::kInputGradient, "dx = dy W^T"}, {Kind::kWeightGradient, "dW += x^T dy"}};

void PrintTable(Bench& bench, const std::vector<int64_t>& rows) {
  const std::vector<Candidate> candidates = Candidates();
  for (const auto& [kind, name] : kKinds) {
    std::vector<double> log_sums(candidates.size());
    fmt::print("{}, by rows of x:\n{:14}", name, "");
    for (const int64_t m : rows) fmt::print("  {:>{}}", m, 7 * candidates.size());
    fmt::print("\n{:14}", "");
    for (size_t i = 0; i < rows.size(); ++i) {
      fmt::print("  ");
      for (const Candidate& c : candidates) fmt::print("{:>7}", c.name);
    }
    fmt::print("\n");
    int count = 0;
    for (const auto& [n, k] : {std::pair<int64_t, int64_t>{512, 512},
                               {2048, 512},
                               {512, 2048},
                               {128, 128},
                               {256, 128},
                               {128, 256},
                               {8000, 128},
                               {8000, 512}}) {
      fmt::print("{:14}", fmt::format("W [{}, {}]", k, n));
      for (const int64_t m : rows) {
        const std::vector<double> gflops = bench.Measure(candidates, {kind, m, n, k});
        fmt::print("  ");
        for (size_t i = 0; i < gflops.size(); ++i) {
          fmt::print("{:7.0f}", gflops[i]);
          log_sums[i] += std::log(gflops[i]);
        }
        ++count;
      }
      fmt::print("\n");
      std::fflush(stdout);
    }
    fmt::print("geometric mean:");
    for (size_t i = 0; i < candidates.size(); ++i) {
      fmt::print(" {} {:.0f}", candidates[i].name, std::exp(log_sums[i] / count));
    }
    fmt::print("\n\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures products of matrices on one thread, in GFLOP/s.");
  bool cold = false;
  double seconds = 0.1;
  std::vector<int64_t> rows = {1, 4, 16, 64, 256, 1024};
  app.add_flag("--cold", cold, "weights are not in the cache, as when decoding walks through a whole model");
  app.add_option("--seconds", seconds, "for each figure");
  app.add_option("--rows", rows, "rows of x")->delimiter(',')->check(CLI::Range(int64_t{1}, kMaxRows));
  CLI11_PARSE(app, argc, argv);
  dragoman::kernels::UseTargetFromEnvironment();
  Bench bench(cold, seconds);
  PrintTable(bench, rows);
  return 0;
}
