// SPDX-License-Identifier: Apache-2.0
#include "interop/exported_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

std::vector<int64_t> ShapeThere(const Parameter& parameter, const TensorOrigin& origin) {
  std::vector<int64_t> shape = parameter.shape;
  if (origin.transposed) std::swap(shape[0], shape.at(1));
  if (origin.all_rows > 0) shape[0] = origin.all_rows;  // elements of a vector are its rows
  return shape;
}

// Writes a parameter where it stands in its tensor.
void Place(const Parameter& parameter, const TensorOrigin& origin, ExportedTensor* tensor) {
  const int64_t width = tensor->shape.size() == 2 ? tensor->shape[1] : 1;  // of a row there
  const auto begin = static_cast<size_t>(origin.first_row * width), size = static_cast<size_t>(parameter.size);
  DRAGOMAN_CHECK(begin + size <= tensor->data.size());
  const std::span<float> part = std::span<float>(tensor->data).subspan(begin, size);
  if (origin.transposed) {
    Transpose(parameter.span(), parameter.rows(), parameter.cols(), part);
  } else {
    std::ranges::copy(parameter.span(), part.begin());
  }
}

// Along which sides of a part's weight, and whether along its bias, the model's width lies.
struct WidthOf {
  std::string_view part;
  bool rows, cols, bias;
};
constexpr std::array kWidths = {
    WidthOf{"src_embed", false, true, false}, WidthOf{"tgt_embed", false, true, false},
    WidthOf{"src_positions", false, true, false}, WidthOf{"tgt_positions", false, true, false},
    WidthOf{"segment_places", false, true, false}, WidthOf{"passes", false, true, false},
    WidthOf{"output", false, true, false}, WidthOf{"relative_bias", false, false, false},
    // What reads it, and what writes it. Copying compares queries with keys, whose own order is any.
    WidthOf{"q_proj", true, false, false}, WidthOf{"k_proj", true, false, false}, WidthOf{"v_proj", true, false, false},
    WidthOf{"in_proj", true, false, false}, WidthOf{"gate_proj", true, false, false},
    WidthOf{"out_proj", false, true, true},
    // The recurrent unit's state is as wide, element by element.
    WidthOf{"f_proj", true, true, true}, WidthOf{"x_proj", true, true, true}, WidthOf{"norm", false, true, true}};

WidthOf WidthOfParameter(const std::string& name) {
  if (name.find(".hidden_projs.") != std::string::npos) return {"hidden_projs", false, false, false};
  const size_t dot = name.rfind('.');
  const size_t before = name.rfind('.', dot - 1);
  std::string part = name.substr(before == std::string::npos ? 0 : before + 1);
  part.resize(part.rfind('.'));
  if (part.ends_with("_norm")) part = "norm";
  const auto found = std::ranges::find(kWidths, part, &WidthOf::part);
  DRAGOMAN_CHECK(found != kWidths.end());
  WidthOf width = *found;
  if (name.ends_with(".bias")) width = {width.part, false, width.bias, width.bias};
  return width;
}

// The parameter's element that stands at [r, c] of the same parameter with the width in another order.
void Reorder(const Parameter& from, const std::vector<int64_t>& order, std::span<float> to) {
  const WidthOf width = WidthOfParameter(from.name);
  const int64_t rows = from.rows(), cols = from.cols();
  const auto side = static_cast<int64_t>(order.size());
  DRAGOMAN_CHECK((!width.rows || rows == side) && (!width.cols || cols == side));
  for (int64_t r = 0; r < rows; ++r) {
    const float* const row = from.data + (width.rows ? order[static_cast<size_t>(r)] : r) * cols;
    float* const out = to.data() + r * cols;
    for (int64_t c = 0; c < cols; ++c) out[c] = row[width.cols ? order[static_cast<size_t>(c)] : c];
  }
}

}  // namespace

std::vector<ExportedTensor> TensorsOf(const ParameterStore& parameters, const WeightMap& map) {
  std::vector<ExportedTensor> tensors;
  std::map<std::string, size_t> places;
  for (const auto& parameter : parameters.parameters()) {
    const TensorOrigin origin = map.origin(*parameter);
    const std::vector<int64_t> shape = ShapeThere(*parameter, origin);
    const auto [place, is_new] = places.insert({origin.name, tensors.size()});
    if (is_new) {
      const int64_t size = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
      tensors.push_back({origin.name, shape, std::vector<float>(static_cast<size_t>(size))});
    }
    ExportedTensor& tensor = tensors[place->second];
    DRAGOMAN_CHECK(tensor.shape == shape);
    Place(*parameter, origin, &tensor);
  }
  return tensors;
}

void CopySizes(const TransformerConfig& from, TransformerConfig* to) {
  to->src_vocab = from.src_vocab;
  to->tgt_vocab = from.tgt_vocab;
  to->encoder_layers = from.encoder_layers;
  to->decoder_layers = from.decoder_layers;
  to->d_model = from.d_model;
  to->heads = from.heads;
  to->d_ff = from.d_ff;
  to->max_src_len = from.max_src_len;
  to->max_tgt_len = from.max_tgt_len;
}

TransformerConfig WithoutIdleFields(TransformerConfig config) {
  const TransformerConfig usual;
  config = WithDropoutOf(usual, config);
  config.d_head = config.head_width();
  if (config.attention_scale == 0) config.attention_scale = 1 / std::sqrt(static_cast<float>(config.d_head));
  if (!config.scales_logits()) config.logit_scale = 0;
  if (config.positions != Positions::kSinusoidal) {
    config.sinusoid_layout = usual.sinusoid_layout;
    config.sinusoid_exponent = usual.sinusoid_exponent;
    config.first_position = usual.first_position;
  }
  if (config.relative_buckets == 0) {
    config.relative_max_distance = usual.relative_max_distance;
    config.relative_per_layer = usual.relative_per_layer;
  }
  if (!config.has_segments()) config.max_segment_len = usual.max_segment_len;
  return config;
}

std::vector<FieldDifference> ArithmeticDifferences(const TransformerConfig& config,
                                                   const TransformerConfig& expressible) {
  return Differences(WithoutIdleFields(config), WithoutIdleFields(expressible));
}

void RequireExpressible(const TransformerConfig& config, const TransformerConfig& expressible,
                        const std::string& family) {
  std::vector<std::string> found;
  for (const FieldDifference& field : ArithmeticDifferences(config, expressible)) {
    found.push_back(fmt::format("{} is {}, expected {}", field.key, field.first, field.second));
  }
  if (found.empty()) return;
  throw OptionError(
      fmt::format("no model of {} computes what this one does: {}; train one without that, or take another "
                  "target",
                  family, fmt::join(found, "; ")));
}

std::unique_ptr<Transformer> WithSinusoidsInHalves(const Transformer& model) {
  TransformerConfig config = model.config();
  const bool by_turns =
      config.positions == Positions::kSinusoidal && config.sinusoid_layout == SinusoidLayout::kInterleaved;
  config.sinusoid_layout = SinusoidLayout::kHalves;
  std::vector<int64_t> order(static_cast<size_t>(config.d_model));  // which element comes to stand there
  const int64_t half = config.d_model / 2;
  for (int64_t i = 0; i < config.d_model; ++i) {
    order[static_cast<size_t>(i)] = !by_turns ? i : i < half ? 2 * i : 2 * (i - half) + 1;
  }
  auto turned = std::make_unique<Transformer>(config);
  for (const auto& parameter : model.parameters().parameters()) {
    Reorder(*parameter, order, turned->parameters().Writable(parameter->name));
  }
  return turned;
}

}  // namespace dragoman
