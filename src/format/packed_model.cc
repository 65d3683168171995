// SPDX-License-Identifier: Apache-2.0
#include "format/packed_model.h"

#include <fmt/format.h>

#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "format/manifest.h"
#include "format/model_file.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

constexpr char kWeightsKey[] = "weights";  // of the file's metadata
constexpr int64_t kPanelAlignment = 64;

kernels::PackedFormat AsPacked(WeightFormat format) {
  DRAGOMAN_CHECK(format != WeightFormat::kF32);
  return format == WeightFormat::kInt8   ? kernels::PackedFormat::kInt8
         : format == WeightFormat::kBf16 ? kernels::PackedFormat::kBf16
                                         : kernels::PackedFormat::kF16;
}

DType DTypeOf(kernels::PackedFormat format) {
  return format == kernels::PackedFormat::kInt8   ? DType::kU8
         : format == kernels::PackedFormat::kBf16 ? DType::kBF16
                                                  : DType::kF16;
}

// [panels, steps, columns, products], as kernels/packed_weight.h has them.
std::vector<int64_t> PanelShape(kernels::PackedFormat format, int64_t k, int64_t n) {
  const int64_t products = format == kernels::PackedFormat::kInt8 ? 4 : format == kernels::PackedFormat::kBf16 ? 2 : 1;
  return {(n + kernels::kPanelColumns - 1) / kernels::kPanelColumns, (k + products - 1) / products,
          kernels::kPanelColumns, products};
}

std::vector<int64_t> TableShape(int64_t rows, int64_t cols) {
  return rows == 1 ? std::vector<int64_t>{cols} : std::vector<int64_t>{rows, cols};
}

// The name of what belongs to a weight: "a.weight" and "a" have "a.scales".
std::string Beside(const std::string& name, const char* what) {
  constexpr std::string_view kWeight = ".weight";
  return (name.ends_with(kWeight) ? name.substr(0, name.size() - kWeight.size()) : name) + what;
}

// Weights in a packed file. Remembers what it was asked for.
class FileWeights : public WeightSource {
 public:
  FileWeights(SafetensorsReader& file, WeightFormat format) : file_(file), format_(format) {}

  WeightFormat format() const override { return format_; }

  ConstMatrix Table(const std::string& name, int64_t rows, int64_t cols) override {
    return {Floats(name, TableShape(rows, cols)), rows, cols};
  }
  Projection Linear(const ProjectionNames& names) override {
    return Packed(names.name + ".weight", names.in, names.columns, std::ssize(names.paths),
                  names.biases > 0 ? names.name + ".bias" : "");
  }
  Projection Vocabulary(const std::string& name, int64_t rows, int64_t d_model, const std::string& bias) override {
    return Packed(name, d_model, rows, /*parts=*/1, bias);
  }

  const std::set<std::string>& asked() const { return asked_; }

 private:
  const float* Floats(const std::string& name, const std::vector<int64_t>& shape) {
    asked_.insert(name);
    return reinterpret_cast<const float*>(file_.Mapped(name, DType::kF32, shape, sizeof(float)).data());
  }

  // What rows are rounded by, where the file says it: of all parts together, or of each.
  std::vector<float> RowMultipliers(const std::string& name, int64_t n, int64_t parts) {
    if (!file_.Has(name)) return {};
    const std::vector<int64_t> shape = file_.Find(name).shape;
    const bool by_part = shape == std::vector{parts} && n % (parts * kernels::kPanelColumns) == 0;
    const float* const values = Floats(name, by_part ? shape : std::vector<int64_t>{1});
    std::vector<float> multipliers(values, values + (by_part ? parts : 1));
    for (const float multiplier : multipliers) {
      if (kernels::IsRowMultiplier(multiplier)) continue;
      throw FormatError(file_.path(), fmt::format("tensor \"{}\" holds {}, expected positive numbers; use another copy "
                                                  "of the model",
                                                  name, multiplier));
    }
    return multipliers;
  }

  Projection Packed(const std::string& name, int64_t k, int64_t n, int64_t parts, const std::string& bias) {
    const kernels::PackedFormat format = AsPacked(format_);
    asked_.insert(name);
    const std::string_view panels = file_.Mapped(name, DTypeOf(format), PanelShape(format, k, n), kPanelAlignment);
    kernels::PackedWeight packed{format, reinterpret_cast<const uint8_t*>(panels.data()), nullptr, k, n};
    std::vector<float> row_multipliers;
    if (format == kernels::PackedFormat::kInt8) {
      packed.scales = Floats(Beside(name, ".scales"), {n});
      row_multipliers = RowMultipliers(Beside(name, ".row_multipliers"), n, parts);
    }
    return Projection(packed, bias.empty() ? nullptr : Floats(bias, {n}), std::move(row_multipliers));
  }

  SafetensorsReader& file_;
  WeightFormat format_;
  std::set<std::string> asked_;
};

// Passes a model's weights on, and keeps what a packed file of them holds: views of what the model then owns.
class RecordedWeights : public WeightSource {
 public:
  explicit RecordedWeights(WeightSource& weights) : weights_(weights) {}

  WeightFormat format() const override { return weights_.format(); }

  ConstMatrix Table(const std::string& name, int64_t rows, int64_t cols) override {
    const ConstMatrix table = weights_.Table(name, rows, cols);
    KeepFloats(name, TableShape(rows, cols), table.data, table.size());
    return table;
  }
  Projection Linear(const ProjectionNames& names) override {
    return Keep(names.name + ".weight", names.name + ".bias", names.in, weights_.Linear(names));
  }
  Projection Vocabulary(const std::string& name, int64_t rows, int64_t d_model, const std::string& bias) override {
    return Keep(name, bias, d_model, weights_.Vocabulary(name, rows, d_model, bias));
  }

  std::vector<TensorView> TakeTensors() { return std::move(tensors_); }

 private:
  void KeepFloats(const std::string& name, std::vector<int64_t> shape, const float* data, int64_t count) {
    tensors_.push_back({name, std::move(shape), {data, static_cast<size_t>(count)}});
  }

  Projection Keep(const std::string& name, const std::string& bias, int64_t k, Projection projection) {
    const kernels::PackedWeight& packed = projection.packed();
    const auto bytes = static_cast<size_t>(kernels::PanelBytes(packed.format, k, packed.n));
    tensors_.push_back({.name = name,
                        .shape = PanelShape(packed.format, k, packed.n),
                        .dtype = DTypeOf(packed.format),
                        .bytes = {reinterpret_cast<const char*>(packed.panels), bytes}});
    if (packed.scales != nullptr) KeepFloats(Beside(name, ".scales"), {packed.n}, packed.scales, packed.n);
    if (projection.bias() != nullptr) KeepFloats(bias, {packed.n}, projection.bias(), packed.n);
    if (const std::vector<float>& multipliers = projection.row_multipliers(); !multipliers.empty()) {
      KeepFloats(Beside(name, ".row_multipliers"), {std::ssize(multipliers)}, multipliers.data(),
                 std::ssize(multipliers));
    }
    return projection;
  }

  WeightSource& weights_;
  std::vector<TensorView> tensors_;
};

// The model, after it is known that the file holds nothing else.
std::unique_ptr<InferenceModel> Opened(const TransformerConfig& config, SafetensorsReader& file) {
  const std::optional<WeightFormat> format = PackedFormatOf(file);
  DRAGOMAN_CHECK(format.has_value());
  FileWeights weights(file, *format);
  auto model = std::make_unique<InferenceModel>(config, weights);
  for (const auto& [name, info] : file.tensors()) {
    if (weights.asked().contains(name)) continue;
    throw FormatError(file.path(), fmt::format("holds a tensor \"{}\" that the config.json beside it has no place "
                                               "for; do the two belong together?",
                                               name.substr(0, 200)));
  }
  return model;
}

InferenceBundle LoadPacked(FileSystem& files, const std::string& directory, std::unique_ptr<SafetensorsReader> file,
                           std::optional<WeightFormat> wanted) {
  const WeightFormat format = *PackedFormatOf(*file);
  if (wanted && *wanted != format) {
    throw OptionError(
        fmt::format("`precision` is {}, but the weights in {} are {} for good, expected that, or nothing; "
                    "take the model that it was made of, or, of one that came in int8, import it with `dequantize`",
                    EnumName(*wanted), directory, EnumName(format)));
  }
  VerifyCheckpoint(files, directory, {kConfigFile}, Checks::kAll);
  VerifyCheckpoint(files, directory, {kWeightsFile}, Checks::kAllButNumbers);
  InferenceBundle bundle;
  bundle.vocabs = LoadVocabularies(files, directory);
  bundle.model = InferenceFrom(ReadConfig(files, directory), *file);
  RequireFit(bundle.vocabs, bundle.model->config(), directory);
  bundle.file = std::move(file);
  return bundle;
}

}  // namespace

std::optional<WeightFormat> PackedFormatOf(const SafetensorsReader& file) {
  const auto found = file.metadata().find(kWeightsKey);
  if (found == file.metadata().end()) return std::nullopt;
  const std::optional<WeightFormat> format = ParseEnum<WeightFormat>(found->second);
  if (!format || *format == WeightFormat::kF32) {
    throw FormatError(file.path(), fmt::format("its weights are \"{}\", expected bf16, f16 or int8; was it made by a "
                                               "newer version?",
                                               found->second.substr(0, 200)));
  }
  return format;
}

std::unique_ptr<InferenceModel> InferenceFrom(const TransformerConfig& config, SafetensorsReader& file) {
  return Opened(config, file);
}

void RequirePackedModel(const TransformerConfig& config, SafetensorsReader& file, bool numbers) {
  Opened(config, file);
  if (!numbers) return;
  for (const auto& [name, info] : file.tensors()) {
    if (info.dtype == DType::kU8) continue;
    std::vector<float> values(static_cast<size_t>(info.elements));
    file.ReadFloats(name, info.shape, values);
    if (kernels::AllFinite(values)) continue;
    throw FormatError(file.path(),
                      fmt::format("tensor \"{}\" holds numbers that are not finite; use another checkpoint", name));
  }
}

InferenceBundle InferenceOf(TranslationModel opened, std::optional<WeightFormat> format) {
  InferenceBundle bundle;
  bundle.parameters = std::move(opened.model);
  bundle.model = std::make_unique<InferenceModel>(*bundle.parameters, format.value_or(WeightFormat::kF32));
  bundle.vocabs = std::move(opened.vocabs);
  return bundle;
}

InferenceBundle LoadInference(FileSystem& files, const std::string& path, std::optional<WeightFormat> format,
                              Checks checks, const LanguagePair& languages) {
  const std::string directory = ResolveModelDirectory(files, path);
  const std::string weights = JoinPath(directory, kWeightsFile);
  if (files.Exists(weights)) {
    auto file = std::make_unique<SafetensorsReader>(files, weights);
    if (PackedFormatOf(*file)) {
      InferenceBundle packed = LoadPacked(files, directory, std::move(file), format);
      packed.vocabs = InLanguages(packed.vocabs, languages);
      packed.decode_defaults = ReadDecodeDefaults(files, directory);
      return packed;
    }
  }
  TranslationModel opened = LoadTranslationModel(files, path, checks);
  opened.vocabs = InLanguages(opened.vocabs, languages);
  InferenceBundle bundle = InferenceOf(std::move(opened), format);
  bundle.decode_defaults = ReadDecodeDefaults(files, directory);
  return bundle;
}

void OpenShortlist(FileSystem& files, const std::string& path, InferenceBundle* bundle) {
  if (bundle->model->config().copy) {
    throw OptionError("`shortlist` is given, but the model copies from its sources, whatever they hold; leave it out");
  }
  bundle->shortlist = Shortlist::Load(files, path, bundle->vocabs);
}

std::vector<CheckpointFile> PackedModelFiles(const Transformer& model, WeightFormat format,
                                             const VocabularyPair& vocabs, const ModelAbout* about) {
  ParameterWeights parameters(model.parameters(), format);
  return PackedModelFiles(model.config(), parameters, vocabs, about);
}

std::vector<CheckpointFile> PackedModelFiles(const TransformerConfig& config, WeightSource& weights,
                                             const VocabularyPair& vocabs, const ModelAbout* about) {
  RecordedWeights recorded(weights);
  const WeightFormat format = weights.format();
  const auto packed = std::make_shared<const InferenceModel>(config, recorded);
  std::vector<CheckpointFile> files = VocabularyFiles(vocabs);
  files.push_back(FileOfBytes(kConfigFile, config.ToJson()));
  files.push_back(
      {kWeightsFile, [packed, format, tensors = recorded.TakeTensors()](WritableFile& file) {
         WriteSafetensors(tensors, {{"format", "dragoman"}, {kWeightsKey, std::string(EnumName(format))}}, file);
       }});
  if (about != nullptr) files.push_back(AboutFile(*about));
  return files;
}

}  // namespace dragoman
