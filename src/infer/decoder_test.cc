// SPDX-License-Identifier: Apache-2.0
#include "infer/decoder.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/byte_hash.h"
#include "base/file_system.h"
#include "base/rng.h"
#include "kernels/kernels_testing.h"
#include "kernels/packed_weight.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

constexpr WeightFormat kFormats[] = {WeightFormat::kF32, WeightFormat::kBf16, WeightFormat::kF16, WeightFormat::kInt8};

// A hypothesis of the test: what the decoder has been fed for it, start token first.
struct Spoken {
  size_t sentence;
  std::vector<int32_t> tokens;
  int32_t source;  // the decoder's number of the sentence
  int32_t parent = -1;
};

// The last position's logits in the training graph, nothing cached: the decoder over all that one hypothesis has said.
std::vector<float> LogitsFromScratch(const Transformer& model, const Sentences& src, const Spoken& spoken) {
  Workspace workspace;
  const Sentences one_src({src.all[spoken.sentence]}), tgt({spoken.tokens});
  const EncodedSource encoded = model.Encode(workspace, one_src.view());
  const Variable hidden = model.Decode(workspace, tgt.view(), encoded);
  const Variable logits = model.Logits(workspace, hidden.value(), tgt.packing(), encoded);
  const ConstMatrix last = logits.value().Rows(hidden.rows() - 1, 1);
  return {last.data, last.data + last.cols};
}

std::vector<DecoderRow> RowsOf(const std::vector<Spoken>& spoken) {
  std::vector<DecoderRow> rows;
  for (const Spoken& one : spoken) rows.push_back({one.source, one.tokens.back(), one.parent});
  return rows;
}

// One to six hypotheses that go on from any of these, those of a sentence side by side; and, now and then, sentences
// that come in between. So sentences end on the way, and stand at different positions.
class RandomSearch {
 public:
  RandomSearch(const InferenceModel& model, Decoder& decoder, const Sentences& src)
      : model_(model), decoder_(decoder), src_(src) {
    Begin(0);
    Begin(1);
  }

  const std::vector<Spoken>& spoken() const { return spoken_; }

  void GoOn() {
    std::vector<Spoken> next;
    for (uint64_t n = 1 + rng_.Below(6); n > 0; --n) {
      const auto parent = static_cast<size_t>(rng_.Below(spoken_.size()));
      next.push_back(spoken_[parent]);
      next.back().parent = static_cast<int32_t>(parent);
      next.back().tokens.push_back(static_cast<int32_t>(rng_.Below(static_cast<uint64_t>(model_.config().tgt_vocab))));
    }
    std::ranges::stable_sort(next, {}, &Spoken::source);
    for (const Spoken& old : spoken_) {
      const auto same = [&](const Spoken& one) { return one.source == old.source; };
      if (open_.contains(old.source) && std::ranges::none_of(next, same)) {
        decoder_.Close(old.source);
        open_.erase(old.source);
      }
    }
    spoken_ = next;
    if (rng_.Below(3) == 0) Begin(static_cast<size_t>(rng_.Below(src_.all.size())));
    std::ranges::stable_sort(spoken_, {}, &Spoken::source);
  }

 private:
  void Begin(size_t sentence) {
    std::vector<int32_t> number;
    decoder_.Open(Sentences({src_.all[sentence]}).view(), &number);
    open_[number[0]] = true;
    spoken_.push_back({sentence, {model_.config().decoder_start}, number[0]});
  }

  const InferenceModel& model_;
  Decoder& decoder_;
  const Sentences& src_;
  Rng rng_{5};
  std::map<int32_t, bool> open_;
  std::vector<Spoken> spoken_;
};

// The twins compute the same sums in other orders.
TEST(DecoderTest, EqualsTheTrainingGraphWhileSentencesComeAndGo) {
  const std::array<int, 4> lengths = {4, 1, 7, 12};
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    SCOPED_TRACE(named.name);
    const auto twin = RandomModel(named.config);
    const Sentences src(lengths, named.config.src_vocab, 1);
    kernels::ForEachTarget([&] {
      const InferenceModel model(*twin);
      BufferPool pool;
      {
        Decoder decoder(model, pool);
        RandomSearch search(model, decoder, src);
        for (int step = 0; step < 15; ++step, search.GoOn()) {
          decoder.Step(RowsOf(search.spoken()));
          const PooledMatrix logits = decoder.Logits(0, static_cast<int64_t>(search.spoken().size()));
          for (size_t h = 0; h < search.spoken().size(); ++h) {
            const std::vector<float> expected = LogitsFromScratch(*twin, src, search.spoken()[h]);
            const ConstMatrix row = logits.view().Rows(static_cast<int64_t>(h), 1);
            kernels::ExpectNear({row.data, static_cast<size_t>(row.cols)}, expected, 1e-5,
                                "step " + std::to_string(step) + ", hypothesis " + std::to_string(h), 1);
          }
          if (testing::Test::HasFatalFailure()) return;
        }
      }
      EXPECT_EQ(pool.bytes_in_use(), 0u);
    });
  }
}

// Buckets of distances far beyond the farthest that is told apart, in a past that is kept.
TEST(DecoderTest, RelativePositionsOfALongPastAreTheTrainingGraphs) {
  for (const bool per_layer : {false, true}) {
    SCOPED_TRACE(per_layer);
    TransformerConfig config = TinyConfig();
    config.positions = Positions::kNone;
    config.heads = 3;
    config.d_head = 4;
    config.relative_buckets = 32;
    config.relative_per_layer = per_layer;
    config.max_src_len = config.max_tgt_len = 300;
    const auto twin = RandomModel(config);
    const std::array<int, 1> src_length = {290}, tgt_length = {290};
    const Sentences src(src_length, config.src_vocab, 1), said(tgt_length, config.tgt_vocab, 2);
    Workspace workspace;
    const EncodedSource encoded = twin->Encode(workspace, src.view());
    const Variable hidden = twin->Decode(workspace, said.view(), encoded);
    const Variable expected = twin->Logits(workspace, hidden.value(), said.packing(), encoded);
    const InferenceModel model(*twin);
    BufferPool pool;
    Decoder decoder(model, pool);
    std::vector<int32_t> number;
    decoder.Open(src.view(), &number);
    for (size_t t = 0; t < said.ids.size(); ++t) {
      const DecoderRow row{number[0], said.ids[t], t == 0 ? -1 : 0};
      decoder.Step({&row, 1});
      const PooledMatrix logits = decoder.Logits(0, 1);
      const ConstMatrix wanted = expected.value().Rows(static_cast<int64_t>(t), 1);
      const auto vocab = static_cast<size_t>(wanted.cols);
      kernels::ExpectNear({logits.view().data, vocab}, {wanted.data, vocab}, 1e-5, "position " + std::to_string(t), 1);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// Bit for bit, in every format and on every instruction set: the decoder's rows beside others, and its rows alone.
TEST(DecoderTest, ARowIsTheSameAloneAndAmongOthers) {
  const std::array<int, 4> lengths = {4, 1, 7, 12};
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    const auto weights = RandomModel(named.config);
    const Sentences src(lengths, named.config.src_vocab, 1);
    for (const WeightFormat format : kFormats) {
      SCOPED_TRACE(named.name + ", " + std::string(EnumName(format)));
      const InferenceModel model(*weights, format);
      BufferPool pool;
      Decoder together(model, pool);
      RandomSearch search(model, together, src);
      for (int step = 0; step < 8; ++step, search.GoOn()) {
        together.Step(RowsOf(search.spoken()));
        const PooledMatrix logits = together.Logits(0, static_cast<int64_t>(search.spoken().size()));
        for (size_t h = 0; h < search.spoken().size(); ++h) {
          const Spoken& spoken = search.spoken()[h];
          Decoder alone(model, pool);
          std::vector<int32_t> number;
          alone.Open(Sentences({src.all[spoken.sentence]}).view(), &number);
          for (size_t t = 0; t < spoken.tokens.size(); ++t) {
            const DecoderRow row{number[0], spoken.tokens[t], t == 0 ? -1 : 0};
            alone.Step({&row, 1});
          }
          const PooledMatrix one = alone.Logits(0, 1);
          const auto vocab = static_cast<size_t>(one.cols());
          ASSERT_TRUE(
              kernels::SameBits({logits.view().Rows(static_cast<int64_t>(h), 1).data, vocab}, {one.view().data, vocab}))
              << "step " << step << ", hypothesis " << h;
        }
      }
    }
  }
}

// Logits of some steps of several sentences, in a format, on the instruction set at hand.
std::vector<float> SomeLogits(const TransformerConfig& config, const Transformer& weights, WeightFormat format) {
  const std::array<int, 3> lengths = {4, 1, 37};
  const Sentences src(lengths, config.src_vocab, 1);
  const InferenceModel model(weights, format);
  BufferPool pool;
  Decoder decoder(model, pool);
  std::vector<int32_t> numbers;
  decoder.Open(src.view(), &numbers);
  std::vector<float> all;
  for (int32_t step = 0; step < 20; ++step) {
    std::vector<DecoderRow> rows;
    for (int32_t s = 0; s < 3; ++s) {
      rows.push_back({numbers[static_cast<size_t>(s)],
                      step == 0 ? config.decoder_start : (7 * step + s) % config.tgt_vocab, step == 0 ? -1 : s});
    }
    decoder.Step(rows);
    const PooledMatrix logits = decoder.Logits(0, 3);
    all.insert(all.end(), logits.view().data, logits.view().data + logits.view().size());
  }
  return all;
}

TEST(DecoderTest, EveryInstructionSetWithFusedMultiplyAddsFindsTheSameBits) {
  TransformerConfig config = TinyConfig();
  config.src_vocab = config.tgt_vocab = 70;
  config.d_model = 72;
  config.heads = 3;
  config.d_ff = 100;
  config.max_src_len = config.max_tgt_len = 40;
  for (const bool copy : {false, true}) {
    config.copy = copy;
    config.activation = copy ? kernels::Activation::kGelu : kernels::Activation::kRelu;
    const auto weights = RandomModel(config);
    for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kF16, WeightFormat::kInt8}) {
      SCOPED_TRACE(std::string(EnumName(format)) + (copy ? ", copying" : ""));
      const std::vector<float> expected = SomeLogits(config, *weights, format);
      kernels::ForEachTarget([&] {
        const std::string target = kernels::CurrentTarget();
        if (target != "avx2" && target != "avx512" && target != "neon") return;
        EXPECT_TRUE(kernels::SameBits(SomeLogits(config, *weights, format), expected));
      });
      kernels::AllowVnni(false);
      EXPECT_TRUE(kernels::SameBits(SomeLogits(config, *weights, format), expected)) << "without VNNI";
      kernels::AllowVnni(true);
    }
  }
}

// Also on other machines: these are recorded ones. Weights and what is computed need no function of the C library,
// whose last bits differ.
TEST(DecoderTest, BitsAreTheRecordedOnesOnEveryMachine) {
  const std::string target = kernels::CurrentTarget();
  if (target != "avx2" && target != "avx512" && target != "neon")
    GTEST_SKIP() << target << " has no fused multiply-adds";
  TransformerConfig config = TinyConfig();
  config.src_vocab = config.tgt_vocab = 70;
  config.d_model = 72;
  config.heads = 3;
  config.d_ff = 100;
  config.max_src_len = config.max_tgt_len = 40;
  config.activation = kernels::Activation::kRelu;
  Transformer weights(config);
  Rng rng(1);
  for (float& w : weights.parameters().values()) w = static_cast<float>(rng.Uniform() - 0.5);
  const auto hash_of = [&](WeightFormat format) {
    return HashBytes(BytesOf(std::span<const float>(SomeLogits(config, weights, format))));
  };
  EXPECT_EQ(hash_of(WeightFormat::kF32), 11610458066387294925u);
  EXPECT_EQ(hash_of(WeightFormat::kF16), 17870960679000314029u);
  EXPECT_EQ(hash_of(WeightFormat::kInt8), 6958091868391934820u);
}

// Rounding weights and activations to 8 bits changes logits, but little; to bfloat16 less.
TEST(DecoderTest, RoundedWeightsSayNearlyTheSame) {
  TransformerConfig config = TinyConfig();
  config.src_vocab = config.tgt_vocab = 70;
  config.d_model = 64;
  config.heads = 4;
  config.d_ff = 128;
  config.max_src_len = config.max_tgt_len = 40;
  Transformer weights(config);
  weights.Initialize(/*seed=*/1);
  const std::vector<float> exact = SomeLogits(config, weights, WeightFormat::kF32);
  double deviation = 0;
  for (const float logit : exact) deviation += double{logit} * double{logit};
  for (const WeightFormat format : kFormats) {
    const std::vector<float> rounded = SomeLogits(config, weights, format);
    double error = 0;
    for (size_t i = 0; i < exact.size(); ++i) error += std::pow(double{rounded[i]} - double{exact[i]}, 2);
    const double relative = std::sqrt(error / deviation);
    EXPECT_LT(relative, format == WeightFormat::kF32 ? 1e-9 : 0.03) << EnumName(format);
    EXPECT_GT(relative, format == WeightFormat::kF32 ? -1 : 1e-5) << EnumName(format);
  }
}

}  // namespace
}  // namespace dragoman
