// SPDX-License-Identifier: Apache-2.0
// gemm_peak --threads N --precision f32|bf16: the machine's own rate of matrix multiplication, one thread per core,
// each with its own matrices, all at once. What training reaches of it is what train_speed.py prints as its share.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/target.h"
#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace {

using dragoman::FlatBuffer;
using dragoman::Matrix;
using Clock = std::chrono::steady_clock;

// Large enough for the multiplication to be all there is to it, small enough for three matrices to stay in cache.
constexpr int64_t kSize = 768;
constexpr int kRepeats = 20;  // multiplications between two looks at the clock
constexpr int kRounds = 20;   // of which the best one counts

struct Operands {
  FlatBuffer a{kSize * kSize}, b{kSize * kSize}, c{kSize * kSize};
};

double MeasureGflops(int threads, dragoman::Precision precision) {
  dragoman::WorkerPool pool(threads);
  std::vector<Operands> operands(static_cast<size_t>(threads));
  for (Operands& own : operands) {
    std::ranges::fill(own.a.span(), 1.0f);
    std::ranges::fill(own.b.span(), 0.5f);
  }
  double best_seconds = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = Clock::now();
    pool.Run([&](int worker) {
      Operands& own = operands[static_cast<size_t>(worker)];
      const Matrix a(own.a.data(), kSize, kSize), b(own.b.data(), kSize, kSize), c(own.c.data(), kSize, kSize);
      for (int i = 0; i < kRepeats; ++i) {
        dragoman::kernels::Gemm(precision, a, dragoman::kernels::Transpose::kNo, b, dragoman::kernels::Transpose::kNo,
                                c,
                                /*accumulate=*/false);
      }
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best_seconds = round == 0 ? seconds : std::min(best_seconds, seconds);
  }
  return 2.0 * kSize * kSize * kSize * kRepeats * threads / best_seconds * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures matrix multiplication on all threads at once; prints {\"gflops\": ...}.");
  int threads = 2;
  app.add_option("--threads", threads, "one per core")->check(CLI::Range(1, 1024));
  std::string precision = "f32";
  app.add_option("--precision", precision, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}));
  CLI11_PARSE(app, argc, argv);
  dragoman::kernels::UseTargetFromEnvironment();
  if (precision == "bf16" && !dragoman::kernels::HasFastBf16()) {
    fmt::print(stderr, "gemm_peak: --precision bf16 needs a processor with AVX512_BF16; give f32\n");
    return 1;
  }
  fmt::print("{{\"gflops\": {:.1f}}}\n",
             MeasureGflops(threads, precision == "bf16" ? dragoman::Precision::kBf16 : dragoman::Precision::kF32));
  return 0;
}
