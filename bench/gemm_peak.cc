// SPDX-License-Identifier: Apache-2.0
// gemm_peak --threads N --precision f32|bf16|int8: the machine's own rate of matrix multiplication, one thread per
// core, each with its own matrices, all at once. What training and translation reach of it is what train_speed.py and
// translate_speed.py print as their share.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/packed_rows.h"
#include "kernels/packed_weight.h"
#include "kernels/target.h"
#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace {

using dragoman::FlatBuffer;
using dragoman::Matrix;
using dragoman::kernels::Transpose;
using Clock = std::chrono::steady_clock;

// Large enough for the multiplication to be all there is to it, small enough for three matrices to stay in cache.
constexpr int64_t kSize = 768;
constexpr int64_t kPackedRows = 256;  // of int8, as many as translation has at most
constexpr int kRepeats = 20;          // multiplications between two looks at the clock
constexpr int kRounds = 20;           // of which the best one counts

// One thread's matrices. Both factors are rounded and packed before, where the precision is int8; f32 and bf16 are as
// training multiplies them.
class Product {
 public:
  explicit Product(const std::string& precision) : precision_(precision) {
    std::ranges::fill(a_.span(), 1.0f);
    std::ranges::fill(b_.span(), 0.5f);
    if (precision != "int8") return;
    PackWeight(dragoman::kernels::PackedFormat::kInt8, Square(b_), Transpose::kNo, Panels(), scales_.data());
    RoundRowsToInt8(Square(a_).Rows(0, kPackedRows), rows_);
  }

  double flops() const { return 2.0 * (precision_ == "int8" ? kPackedRows : kSize) * kSize * kSize; }

  void Multiply() {
    if (precision_ == "int8") {
      const dragoman::kernels::PackedWeight weight{dragoman::kernels::PackedFormat::kInt8, Panels(), scales_.data(),
                                                   kSize, kSize};
      GemmInt8(rows_, weight, {}, Square(c_).Rows(0, kPackedRows));
      return;
    }
    const auto precision = precision_ == "bf16" ? dragoman::Precision::kBf16 : dragoman::Precision::kF32;
    dragoman::kernels::Gemm(precision, Square(a_), Transpose::kNo, Square(b_), Transpose::kNo, Square(c_),
                            /*accumulate=*/false);
  }

 private:
  static Matrix Square(FlatBuffer& buffer) { return {buffer.data(), kSize, kSize}; }
  uint8_t* Panels() { return reinterpret_cast<uint8_t*>(panels_.data()); }

  std::string precision_;
  FlatBuffer a_{kSize * kSize}, b_{kSize * kSize}, c_{kSize * kSize};
  FlatBuffer panels_{kSize * kSize / 4}, scales_{kSize}, packed_{kPackedRows * kSize / 4}, row_scales_{kPackedRows};
  std::vector<int32_t> sums_ = std::vector<int32_t>(kPackedRows);
  dragoman::kernels::PackedRows rows_{packed_.data(), kSize / 4, row_scales_.data(), sums_.data()};
};

double MeasureGflops(int threads, const std::string& precision) {
  dragoman::WorkerPool pool(threads);
  std::vector<std::unique_ptr<Product>> products;
  for (int i = 0; i < threads; ++i) products.push_back(std::make_unique<Product>(precision));
  double best_seconds = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = Clock::now();
    pool.Run([&](int worker) {
      for (int i = 0; i < kRepeats; ++i) products[static_cast<size_t>(worker)]->Multiply();
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best_seconds = round == 0 ? seconds : std::min(best_seconds, seconds);
  }
  return products.front()->flops() * kRepeats * threads / best_seconds * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures matrix multiplication on all threads at once; prints {\"gflops\": ...}.");
  int threads = 2;
  app.add_option("--threads", threads, "one per core")->check(CLI::Range(1, 1024));
  std::string precision = "f32";
  app.add_option("--precision", precision, "f32, bf16 or int8")->check(CLI::IsMember({"f32", "bf16", "int8"}));
  CLI11_PARSE(app, argc, argv);
  dragoman::kernels::UseTargetFromEnvironment();
  if (precision == "bf16" && !dragoman::kernels::HasFastBf16()) {
    fmt::print(stderr, "gemm_peak: --precision bf16 needs a processor with AVX512_BF16; give f32\n");
    return 1;
  }
  fmt::print("{{\"gflops\": {:.1f}}}\n", MeasureGflops(threads, precision));
  return 0;
}
