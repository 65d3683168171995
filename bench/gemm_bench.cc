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

using dragoman::ConstMatrix;
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

using Gemm = void (*)(const ConstMatrix&, Transpose, const ConstMatrix&, Transpose, const Matrix&, bool accumulate);

#ifdef DRAGOMAN_BENCH_ONEDNN
char Letter(Transpose transpose) { return transpose == Transpose::kYes ? 'T' : 'N'; }

void OneDnnGemm(const ConstMatrix& a, Transpose ta, const ConstMatrix& b, Transpose tb, const Matrix& c,
                bool accumulate) {
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

// Rates in GFLOP/s over shapes of weights.
class Rates {
 public:
  void Add(double rate) {
    least_ = std::min(least_, rate);
    most_ = std::max(most_, rate);
    log_sum_ += std::log(rate);
    ++count_;
  }
  void Add(const Rates& other) {
    least_ = std::min(least_, other.least_);
    most_ = std::max(most_, other.most_);
    log_sum_ += other.log_sum_;
    count_ += other.count_;
  }
  std::string Range() const { return fmt::format("{:.0f}–{:.0f}", least_, most_); }
  double GeometricMean() const { return std::exp(log_sum_ / count_); }

 private:
  double least_ = 1e9, most_ = 0, log_sum_ = 0;
  int count_ = 0;
};

// [kind][rows][candidate]
using Results = std::vector<std::vector<std::vector<Rates>>>;

Results Measure(Bench& bench, const std::vector<int64_t>& rows, const std::vector<Candidate>& candidates) {
  Results results(kKinds.size(), std::vector(rows.size(), std::vector<Rates>(candidates.size())));
  for (size_t k = 0; k < kKinds.size(); ++k) {
    const auto& [kind, name] = kKinds[k];
    fmt::print("{}, by rows of x:\n{:14}", name, "");
    for (const int64_t m : rows) fmt::print("  {:>{}}", m, 7 * candidates.size());
    fmt::print("\n{:14}", "");
    for (size_t i = 0; i < rows.size(); ++i) {
      fmt::print("  ");
      for (const Candidate& c : candidates) fmt::print("{:>7}", c.name);
    }
    fmt::print("\n");
    for (const auto& [n, steps] : {std::pair<int64_t, int64_t>{512, 512},
                                   {2048, 512},
                                   {512, 2048},
                                   {128, 128},
                                   {256, 128},
                                   {128, 256},
                                   {8000, 128},
                                   {8000, 512}}) {
      fmt::print("{:14}", fmt::format("W [{}, {}]", steps, n));
      for (size_t r = 0; r < rows.size(); ++r) {
        const std::vector<double> gflops = bench.Measure(candidates, {kind, rows[r], n, steps});
        fmt::print("  ");
        for (size_t i = 0; i < gflops.size(); ++i) {
          fmt::print("{:7.0f}", gflops[i]);
          results[k][r][i].Add(gflops[i]);
        }
      }
      fmt::print("\n");
      std::fflush(stdout);
    }
    fmt::print("\n");
  }
  return results;
}

// The same in short, as Markdown: ranges over the shapes of weights, and geometric means beside the first candidate's.
void PrintRanges(const Results& results, const std::vector<int64_t>& rows, const std::vector<Candidate>& candidates,
                 bool cold) {
  fmt::print("| rows{} |", cold ? ", cold" : "");
  for (const auto& [kind, name] : kKinds) {
    for (const Candidate& c : candidates) fmt::print(" {}: {} |", name, c.name);
  }
  fmt::print("\n|---|");
  for (size_t i = 0; i < kKinds.size() * candidates.size(); ++i) fmt::print("---|");
  fmt::print("\n");
  for (size_t r = 0; r < rows.size(); ++r) {
    fmt::print("| {} |", rows[r]);
    for (const auto& kind : results) {
      for (const Rates& rates : kind[r]) fmt::print(" {} |", rates.Range());
    }
    fmt::print("\n");
  }
  fmt::print("\n");
  std::vector<Rates> all(candidates.size());
  const auto print_means = [&](const std::string& of, const std::vector<Rates>& means) {
    fmt::print("{}: geometric mean", of);
    for (size_t i = 0; i < candidates.size(); ++i) {
      fmt::print("{} {} {:.0f}", i > 0 ? "," : "", candidates[i].name, means[i].GeometricMean());
      if (i > 0)
        fmt::print(" ({} is {:.2f} of it)", candidates[0].name, means[0].GeometricMean() / means[i].GeometricMean());
    }
    fmt::print("\n");
  };
  for (size_t k = 0; k < results.size(); ++k) {
    std::vector<Rates> means(candidates.size());
    for (const auto& of_rows : results[k]) {
      for (size_t i = 0; i < candidates.size(); ++i) means[i].Add(of_rows[i]);
    }
    for (size_t i = 0; i < candidates.size(); ++i) all[i].Add(means[i]);
    print_means(kKinds[k].second, means);
  }
  print_means("all", all);
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
  const std::vector<Candidate> candidates = Candidates();
  PrintRanges(Measure(bench, rows, candidates), rows, candidates, cold);
  return 0;
}
