// SPDX-License-Identifier: Apache-2.0
// Tiny models of Marian's and CTranslate2's, written by tests.
#ifndef DRAGOMAN_INTEROP_TINY_MODELS_TESTING_H_
#define DRAGOMAN_INTEROP_TINY_MODELS_TESTING_H_

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

#include "archive/archive_testing.h"

namespace dragoman {

inline constexpr int kWidth = 4, kInner = 6, kPieces = 8;

struct Numbers {
  std::string name;
  std::vector<int> shape;
};

inline std::string FloatsOf(const Numbers& tensor) {
  std::string bytes;
  int count = 1;
  for (const int size : tensor.shape) count *= size;
  for (int i = 0; i < count; ++i)
    bytes += Raw(0.01f * static_cast<float>((i * 7 + static_cast<int>(tensor.name.size())) % 50));
  return bytes;
}

inline constexpr char kTinyMarianSettings[] =
    "type: transformer\ndim-emb: 4\ntransformer-heads: 2\ntransformer-dim-ffn: 6\nenc-depth: 1\ndec-depth: 1\n"
    "tied-embeddings-all: true\nversion: v1.12.0\n";

inline std::vector<Numbers> MarianTensors() {
  std::vector<Numbers> tensors = {{"Wemb", {kPieces, kWidth}}, {"decoder_ff_logit_out_b", {1, kPieces}}};
  const auto norm = [&](const std::string& name) {
    tensors.push_back({name + "_ln_scale", {1, kWidth}});
    tensors.push_back({name + "_ln_bias", {1, kWidth}});
  };
  const auto attention = [&](const std::string& name) {
    for (const char* const part : {"q", "k", "v", "o"}) {
      tensors.push_back({name + "_W" + part, {kWidth, kWidth}});
      tensors.push_back({name + "_b" + part, {1, kWidth}});
    }
    norm(name + "_Wo");
  };
  for (const std::string stack : {"encoder_l1", "decoder_l1"}) {
    attention(stack + "_self");
    if (stack.starts_with("decoder")) attention(stack + "_context");
    tensors.push_back({stack + "_ffn_W1", {kWidth, kInner}});
    tensors.push_back({stack + "_ffn_b1", {1, kInner}});
    tensors.push_back({stack + "_ffn_W2", {kInner, kWidth}});
    tensors.push_back({stack + "_ffn_b2", {1, kWidth}});
    norm(stack + "_ffn_ffn");
  }
  return tensors;
}

inline std::string TinyMarianBinary(const std::string& settings = kTinyMarianSettings,
                                    const std::function<void(std::vector<Numbers>*)>& change = {}) {
  std::vector<Numbers> tensors = MarianTensors();
  if (change) change(&tensors);
  constexpr uint64_t kFloat = 0x404, kSigned = 0x101;
  std::vector<MarianPart> parts;
  for (const Numbers& tensor : tensors) {
    parts.push_back({tensor.name, kFloat, {tensor.shape.begin(), tensor.shape.end()}, FloatsOf(tensor)});
  }
  parts.push_back({"special:model.yml", kSigned, {static_cast<int32_t>(settings.size())}, settings});
  return MarianOf(parts);
}

inline std::string TinyMarianNpz() {
  std::vector<ZipPart> parts;
  for (const Numbers& tensor : MarianTensors()) {
    parts.push_back({tensor.name + ".npy",
                     NpyOf("<f4", fmt::format("({}, {})", tensor.shape[0], tensor.shape[1]), FloatsOf(tensor))});
  }
  const std::string settings = kTinyMarianSettings + std::string(1, '\0');
  parts.push_back({"special:model.yml.npy", NpyOf("|i1", fmt::format("({},)", settings.size()), settings)});
  return ZipOf(parts);
}

inline constexpr char kTinyMarianVocabulary[] =
    "</s>: 0\n<unk>: 1\na: 2\nb: 3\n\"~\": 4\n\"null\": 5\n\"\\\"\": 6\n7: 7\n";

inline std::string TinyCTranslate2Binary(int pieces = kPieces) {
  std::vector<Numbers> tensors = {{"encoder/embeddings_0/weight", {pieces, kWidth}},
                                  {"decoder/embeddings/weight", {pieces, kWidth}},
                                  {"decoder/projection/weight", {pieces, kWidth}},
                                  {"decoder/projection/bias", {pieces}}};
  const auto norm = [&](const std::string& name) {
    tensors.push_back({name + "/layer_norm/gamma", {kWidth}});
    tensors.push_back({name + "/layer_norm/beta", {kWidth}});
  };
  const auto linear = [&](const std::string& name, int out, int in) {
    tensors.push_back({name + "/weight", {out, in}});
    tensors.push_back({name + "/bias", {out}});
  };
  for (const std::string stack : {"encoder", "decoder"}) {
    const std::string layer = stack + "/layer_0/";
    linear(layer + "self_attention/linear_0", 3 * kWidth, kWidth);
    linear(layer + "self_attention/linear_1", kWidth, kWidth);
    norm(layer + "self_attention");
    if (stack == "decoder") {
      linear(layer + "attention/linear_0", kWidth, kWidth);
      linear(layer + "attention/linear_1", 2 * kWidth, kWidth);
      linear(layer + "attention/linear_2", kWidth, kWidth);
      norm(layer + "attention");
    }
    linear(layer + "ffn/linear_0", kInner, kWidth);
    linear(layer + "ffn/linear_1", kWidth, kInner);
    norm(layer + "ffn");
    norm(stack);
  }
  std::vector<CTranslate2Part> parts;
  for (const Numbers& tensor : tensors) {
    const std::string bytes = FloatsOf(tensor);
    parts.push_back(
        {tensor.name, {tensor.shape.begin(), tensor.shape.end()}, 0, static_cast<uint32_t>(bytes.size()), bytes});
  }
  for (const char* const stack : {"encoder", "decoder"}) {
    parts.push_back({stack + std::string("/num_heads"), {}, 2, 2, Raw<int16_t>(2)});
    parts.push_back({stack + std::string("/pre_norm"), {}, 1, 1, Raw<int8_t>(1)});
  }
  return CTranslate2Of(6, parts);
}

inline constexpr char kCTranslate2Config[] =
    R"({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_source_eos": true})";
inline constexpr char kCTranslate2Vocabulary[] = R"(["<unk>", "<s>", "</s>", "a", "b", "c", "d", "e"])";

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_TINY_MODELS_TESTING_H_
