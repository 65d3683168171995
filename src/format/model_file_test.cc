// SPDX-License-Identifier: Apache-2.0
#include "format/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <limits>

#include "base/error.h"
#include "kernels/kernels_testing.h"
#include "model/model_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ModelFileTest : public testing::Test {
 protected:
  ModelFileTest() {
    std::string pattern = testing::TempDir() + "dragoman_model_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~ModelFileTest() override { RemoveAll(files_, directory_); }

  void WriteWeights(std::vector<TensorView> tensors) {
    const auto file = files_.Create(directory_ + "/model.safetensors");
    WriteSafetensors(std::move(tensors), {}, *file);
    file->Close();
  }
  void WriteConfig(const TransformerConfig& config) { WriteFile(files_, directory_ + "/config.json", config.ToJson()); }
  void Save(const Transformer& model) {
    WriteConfig(model.config());
    WriteWeights(ParameterViews(model.parameters(), model.parameters().values()));
  }
  std::string LoadError() {
    try {
      LoadTransformer(files_, directory_);
    } catch (const FormatError& error) {
      return error.what();
    }
    return "no error";
  }

  FileSystem& files_ = RealFileSystem();
  std::string directory_;
};

TEST_F(ModelFileTest, AModelComesBackBitForBit) {
  for (const NamedConfig& named : ConfigsOfEveryKind()) {
    SCOPED_TRACE(named.name);
    const auto model = RandomModel(named.config);
    Save(*model);
    const auto loaded = LoadTransformer(files_, directory_);
    EXPECT_EQ(loaded->config(), named.config);
    EXPECT_TRUE(kernels::SameBits(loaded->parameters().values(), model->parameters().values()));
  }
}

TEST_F(ModelFileTest, APrefixKeepsSeveralBuffersApart) {
  const auto model = RandomModel(TinyConfig());
  std::vector<float> moments(model->parameters().values().begin(), model->parameters().values().end());
  for (float& m : moments) m *= 3;
  std::vector<TensorView> views = ParameterViews(model->parameters(), model->parameters().values());
  for (const TensorView& view : ParameterViews(model->parameters(), moments, "adam.m.")) views.push_back(view);
  WriteWeights(views);
  std::vector<float> read(moments.size(), 0.0f);
  const SafetensorsReader reader(files_, directory_ + "/model.safetensors");
  ReadParameters(reader, model->parameters(), read, "adam.m.");
  EXPECT_TRUE(kernels::SameBits(read, moments));
  ReadParameters(reader, model->parameters(), read);
  EXPECT_TRUE(kernels::SameBits(read, model->parameters().values()));
}

TEST_F(ModelFileTest, NamesAMissingTensor) {
  const auto model = RandomModel(TinyConfig());
  WriteConfig(model->config());
  std::vector<TensorView> views = ParameterViews(model->parameters(), model->parameters().values());
  for (const size_t gone : {size_t{0}, views.size() / 2, views.size() - 1}) {
    std::vector<TensorView> rest = views;
    rest.erase(rest.begin() + static_cast<int64_t>(gone));
    WriteWeights(rest);
    EXPECT_THAT(LoadError(), HasSubstr(directory_ + "/model.safetensors: "));
  }
  views.pop_back();
  WriteWeights(views);
  EXPECT_THAT(LoadError(), HasSubstr("decoder.layers.1.ffn_norm.bias"));
}

TEST_F(ModelFileTest, NamesATensorThatHasNoPlace) {
  const auto model = RandomModel(TinyConfig());
  Save(*model);
  std::vector<TensorView> views = ParameterViews(model->parameters(), model->parameters().values());
  views.push_back({"encoder.layers.2.ffn_norm.bias", {8}, model->parameters().values().subspan(0, 8)});
  WriteWeights(views);
  EXPECT_THAT(LoadError(),
              AllOf(HasSubstr(directory_ + "/model.safetensors: "),
                    HasSubstr("\"encoder.layers.2.ffn_norm.bias\" that the config.json beside it has no place")));
}

TEST_F(ModelFileTest, NamesATensorOfAnotherShape) {
  const auto model = RandomModel(TinyConfig());
  WriteConfig(model->config());
  std::vector<TensorView> views = ParameterViews(model->parameters(), model->parameters().values());
  views.front().shape = {views.front().shape[1], views.front().shape[0]};  // transposed: as many numbers
  WriteWeights(views);
  EXPECT_THAT(LoadError(), AllOf(HasSubstr(directory_ + "/model.safetensors: "), HasSubstr("src_embed.weight"),
                                 HasSubstr("[8, 11]"), HasSubstr("[11, 8]")));
}

TEST_F(ModelFileTest, RefusesWeightsThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto model = RandomModel(TinyConfig());
    model->parameters().Writable("decoder.layers.1.ffn.in_proj.weight")[3] = bad;
    Save(*model);
    EXPECT_THAT(LoadError(), AllOf(HasSubstr(directory_ + "/model.safetensors: "), HasSubstr("not finite")));
  }
}

// Each would ask for gigabytes up to petabytes: the answer comes before the memory is asked for.
TEST_F(ModelFileTest, DoesNotBelieveAConfigThatIsTooLargeForTheFile) {
  const auto model = RandomModel(TinyConfig());
  Save(*model);
  const std::vector<std::function<void(TransformerConfig&)>> cases = {
      [](auto& c) { c.src_vocab = c.tgt_vocab = 1 << 24; },
      [](auto& c) { c.tying = Tying::kNone, c.tgt_vocab = 1 << 24; },
      [](auto& c) { c.d_model = 1 << 16; },
      [](auto& c) { c.heads = 1024, c.d_head = 1 << 16; },
      [](auto& c) { c.d_ff = 1 << 18, c.decoder_layers = 1000; },
      [](auto& c) { c.encoder_layers = 1000; },
      [](auto& c) { c.decoder_layers = 1000; },
      [](auto& c) { c.positions = Positions::kLearned, c.max_src_len = 1 << 24; },
      [](auto& c) { c.positions = Positions::kLearned, c.max_tgt_len = 1 << 24; },
      [](auto& c) { c.max_src_len = 1 << 24; },  // sinusoids, which no file holds
      [](auto& c) { c.max_tgt_len = 1 << 24; },
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    TransformerConfig config = model->config();
    cases[i](config);
    WriteConfig(config);
    EXPECT_THAT(LoadError(), AllOf(HasSubstr(directory_), testing::ContainsRegex("expected|has no tensor")));
  }
}

TEST_F(ModelFileTest, RefusesATornFileAndAMissingOne) {
  const auto model = RandomModel(TinyConfig());
  Save(*model);
  const std::string weights = ReadFile(files_, directory_ + "/model.safetensors");
  for (const size_t kept : {size_t{0}, size_t{7}, size_t{100}, weights.size() / 2, weights.size() - 1}) {
    WriteFile(files_, directory_ + "/model.safetensors", weights.substr(0, kept));
    EXPECT_THAT(LoadError(), HasSubstr(directory_ + "/model.safetensors: ")) << kept << " bytes";
  }
  files_.RemoveFile(directory_ + "/model.safetensors");
  EXPECT_THROW(LoadTransformer(files_, directory_), FileError);
}

}  // namespace
}  // namespace dragoman
