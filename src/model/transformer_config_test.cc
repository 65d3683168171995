// SPDX-License-Identifier: Apache-2.0
#include "model/transformer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/transformer.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

// Every field at a value that is not its default.
TransformerConfig UnusualConfig() {
  TransformerConfig c;
  c.src_vocab = 8001;
  c.tgt_vocab = 7003;
  c.encoder_layers = 3;
  c.decoder_layers = 2;
  c.d_model = 96;
  c.heads = 4;
  c.d_head = 20;
  c.d_ff = 130;
  c.max_src_len = 700;
  c.max_tgt_len = 90;
  c.scale_embedding = false;
  c.positions = Positions::kLearned;
  c.sinusoid_layout = SinusoidLayout::kHalves;
  c.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  c.tying = Tying::kDecoder;
  c.output_bias = true;
  c.norm_order = NormOrder::kPre;
  c.final_norm = true;
  c.norm_epsilon = 1e-6f;
  c.activation = kernels::Activation::kGeluTanh;
  c.gated = true;
  c.bias = false;
  c.decoder_start = -1;
  c.embedding_dropout = 0.3f;
  c.residual_dropout = 0.15f;
  c.attention_dropout = 0.01f;
  c.ffn_dropout = 0.05f;
  return c;
}

std::string ParseError(const std::string& text) {
  try {
    TransformerConfig::FromJson(text, "m/config.json");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "no error";
}

std::string ParseErrorWith(const std::string& key, const Json& value) {
  Json json = Json::parse(UnusualConfig().ToJson());
  json[key] = value;
  return ParseError(json.dump());
}

std::vector<std::string> Keys() {
  std::vector<std::string> keys;
  TransformerConfig config;
  ForEachField(config, [&](const char* key, auto&, const char*) { keys.emplace_back(key); });
  return keys;
}

TEST(TransformerConfigTest, EveryFieldSurvivesJson) {
  const TransformerConfig config = UnusualConfig();
  EXPECT_EQ(TransformerConfig::FromJson(config.ToJson(), "c"), config);
  const Json unusual = Json::parse(config.ToJson()), usual = Json::parse(TransformerConfig().ToJson());
  for (const std::string& key : Keys()) {  // so that a new field is not forgotten above
    EXPECT_NE(unusual.at(key), usual.at(key)) << key << " is not tested at another value than its default";
  }
}

TEST(TransformerConfigTest, JsonReadsAsAPersonWroteIt) {
  const std::string text = UnusualConfig().ToJson();
  EXPECT_THAT(text, HasSubstr("\"embedding_dropout\": 0.3,"));
  EXPECT_THAT(text, HasSubstr("\"activation\": \"gelu_tanh\","));
  EXPECT_THAT(text, HasSubstr("\"norm_epsilon\": 1e-06,"));
}

TEST(TransformerConfigTest, EveryEnumValueSurvivesJson) {
  TransformerConfig config = UnusualConfig();
  const auto expect_survives = [&] { EXPECT_EQ(TransformerConfig::FromJson(config.ToJson(), "c"), config); };
  for (const auto& [name, value] : NamesOf(Positions())) config.positions = value, expect_survives();
  for (const auto& [name, value] : NamesOf(NormOrder())) config.norm_order = value, expect_survives();
  for (const auto& [name, value] : NamesOf(SinusoidLayout())) config.sinusoid_layout = value, expect_survives();
  for (const auto& [name, value] : NamesOf(SinusoidExponent())) config.sinusoid_exponent = value, expect_survives();
  for (const auto& [name, value] : kernels::NamesOf(kernels::Activation()))
    config.activation = value, expect_survives();
  config.tgt_vocab = config.src_vocab;
  for (const auto& [name, value] : NamesOf(Tying())) config.tying = value, expect_survives();
}

TEST(TransformerConfigTest, NamesAMissingKey) {
  for (const std::string& key : Keys()) {
    Json json = Json::parse(UnusualConfig().ToJson());
    json.erase(key);
    EXPECT_THAT(ParseError(json.dump()),
                AllOf(HasSubstr("m/config.json:1: "), HasSubstr("\"" + key + "\" is missing")));
  }
}

TEST(TransformerConfigTest, NamesAKeyOfTheWrongType) {
  const Json json = Json::parse(UnusualConfig().ToJson());
  const std::vector<Json> others = {nullptr, "no such choice", 1.5,       true,  Json::array(), Json::object(),
                                    1e300,   UINT64_MAX,       INT64_MIN, 1e-300};
  for (const std::string& key : Keys()) {
    for (const Json& value : others) {
      if (json.at(key).is_boolean() && value.is_boolean()) continue;
      if (key.find("dropout") != std::string::npos && value == Json(1e-300)) continue;  // 0 as a float
      EXPECT_THAT(ParseErrorWith(key, value),
                  AllOf(HasSubstr("m/config.json:"), HasSubstr(key), ContainsRegex("expected|out of range")))
          << key << " as " << value;
    }
  }
  EXPECT_THAT(ParseErrorWith("heads", "4"), HasSubstr("key \"heads\" is \"4\", expected an integer"));
  EXPECT_THAT(ParseErrorWith("tying", "both"),
              HasSubstr("key \"tying\" is \"both\", expected one of none, decoder, all"));
  EXPECT_THAT(ParseErrorWith("gated", 1), HasSubstr("key \"gated\" is 1, expected true or false"));
}

TEST(TransformerConfigTest, NamesAnUnknownKey) {
  EXPECT_THAT(ParseErrorWith("rotary", true), AllOf(HasSubstr("m/config.json: "), HasSubstr("unknown key \"rotary\"")));
}

TEST(TransformerConfigTest, RefusesWhatIsNoConfig) {
  EXPECT_THAT(ParseError(""), HasSubstr("m/config.json:1: column 1: not JSON"));
  EXPECT_THAT(ParseError("{\"format\": \"dragoman-transformer-1\""), HasSubstr("not JSON"));
  EXPECT_THAT(ParseError("\xff\xfe"), HasSubstr("not JSON"));
  EXPECT_THAT(ParseError(std::string(100000, '[')), HasSubstr("nested more than 128 deep"));
  EXPECT_THAT(ParseError("[]"),
              HasSubstr("this is [], expected an object; is this a config.json of a Dragoman model?"));
  EXPECT_THAT(ParseError("{}"), HasSubstr("the key \"format\" is missing"));
  EXPECT_THAT(ParseErrorWith("format", "other"), HasSubstr("\"other\", expected \"dragoman-transformer-1\""));
  EXPECT_THAT(ParseErrorWith("format", 1), HasSubstr("key \"format\" is 1, expected a string"));
}

// A value that the machine's stack would not survive, were it walked; text after the end, a key twice.
TEST(TransformerConfigTest, RefusesWhatOtherReadersOfJsonLetPass) {
  const std::string text = UnusualConfig().ToJson();
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    return other.replace(other.find(from), from.size(), to);
  };
  const std::string deep = std::string(65'500, '[') + std::string(65'500, ']');
  EXPECT_THAT(ParseError(changed("\"d_model\": 96", "\"d_model\": " + deep)), HasSubstr("nested more than 128 deep"));
  EXPECT_THAT(ParseError(text + "{}"), HasSubstr("'{' after the end"));
  EXPECT_THAT(ParseError(text + std::string(1, '\0') + "{}"), HasSubstr("the byte 0x00 after the end"));
  EXPECT_THAT(ParseError(changed("\"d_model\": 96", "\"d_model\": 64, \"d_model\": 96")),
              HasSubstr("the key \"d_model\" is there twice"));
  EXPECT_THAT(ParseError(changed("\"d_model\": 96", "\"d_model\": 1e99999")),
              HasSubstr("key \"d_model\" is 1e99999, expected an integer"));
}

struct BadValue {
  std::function<void(TransformerConfig&)> change;
  std::string message;
};

TEST(TransformerConfigTest, ValidateNamesFieldValueAndWhatIsAllowed) {
  const std::vector<BadValue> cases = {
      {[](auto& c) { c.src_vocab = 0; }, "model option src_vocab is 0, expected 1 to 16777216"},
      {[](auto& c) { c.tgt_vocab = -1; }, "model option tgt_vocab is -1, expected 1 to 16777216"},
      {[](auto& c) { c.encoder_layers = 0; }, "model option encoder_layers is 0, expected 1 to 1000"},
      {[](auto& c) { c.decoder_layers = 1001; }, "model option decoder_layers is 1001, expected 1 to 1000"},
      {[](auto& c) { c.d_model = 0; }, "model option d_model is 0, expected 1 to 65536"},
      {[](auto& c) { c.heads = 0; }, "model option heads is 0, expected 1 to 1024"},
      {[](auto& c) { c.d_head = -1; }, "model option d_head is -1, expected 0 to 65536"},
      {[](auto& c) { c.d_ff = 0; }, "model option d_ff is 0, expected 1 to 262144"},
      {[](auto& c) { c.max_src_len = 1; }, "model option max_src_len is 1, expected 2 to 65535"},
      {[](auto& c) { c.max_tgt_len = 65536; }, "model option max_tgt_len is 65536, expected 2 to 65535"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.d_model = 9600, c.max_src_len = 7000; },
       "model option max_src_len is 7000, expected at most 6990 with sinusoids of 9600"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.d_model = 9600, c.max_tgt_len = 7000; },
       "model option max_tgt_len is 7000"},
      {[](auto& c) { c.d_head = 0, c.heads = 5; },
       "model option heads is 5, expected a divisor of d_model 96 (or give d_head)"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.d_model = 97; },
       "model option d_model is 97, expected an even number with sinusoidal positions"},
      {[](auto& c) { c.tying = Tying::kAll; },
       "model option tying is all, expected decoder or none (`tying`), as the vocabularies differ (source 8001, target "
       "7003)"},
      {[](auto& c) { c.decoder_start = -2; }, "model option decoder_start is -2, expected -1 to 7002"},
      {[](auto& c) { c.decoder_start = 7003; }, "model option decoder_start is 7003, expected -1 to 7002"},
      {[](auto& c) { c.norm_epsilon = 0; }, "model option norm_epsilon is 0, expected above 0 and at most 1"},
      {[](auto& c) { c.norm_epsilon = 1.5f; }, "model option norm_epsilon is 1.5, expected above 0 and at most 1"},
      {[](auto& c) { c.norm_epsilon = std::numeric_limits<float>::quiet_NaN(); }, "model option norm_epsilon is nan"},
      {[](auto& c) { c.embedding_dropout = 1; },
       "model option embedding_dropout is 1, expected at least 0 and below 1"},
      {[](auto& c) { c.residual_dropout = -0.1f; }, "model option residual_dropout is -0.1"},
      {[](auto& c) { c.attention_dropout = 2; }, "model option attention_dropout is 2"},
      {[](auto& c) { c.ffn_dropout = std::numeric_limits<float>::quiet_NaN(); }, "model option ffn_dropout is nan"},
  };
  EXPECT_NO_THROW(UnusualConfig().Validate());
  for (const BadValue& bad : cases) {
    TransformerConfig config = UnusualConfig();
    bad.change(config);
    try {
      config.Validate();
      ADD_FAILURE() << "accepted, though: " << bad.message;
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.message));
    }
    EXPECT_THAT(ParseError(config.ToJson()), testing::StartsWith("m/config.json:"));
  }
}

TEST(TransformerConfigTest, DifferencesAreFieldsWithBothValues) {
  const TransformerConfig tiny = TransformerConfig::Preset("tiny");
  EXPECT_TRUE(Differences(tiny, tiny).empty());
  TransformerConfig other = tiny;
  other.heads = 8;
  other.norm_order = NormOrder::kPre;
  other.ffn_dropout = 0.5f;
  const std::vector<FieldDifference> found = Differences(tiny, other);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].key + found[0].first + found[0].second, "heads48");
  EXPECT_EQ(found[1].key + found[1].first + found[1].second, "norm_orderpostpre");
  EXPECT_EQ(found[2].key + found[2].first + found[2].second, "ffn_dropout00.5");
  EXPECT_TRUE(IsDropout(found[2].key));
  EXPECT_FALSE(IsDropout(found[0].key));
  EXPECT_EQ(Differences(other, WithDropoutOf(other, tiny)).size(), 2u);
}

TEST(TransformerConfigTest, PresetsHaveTheStatedSizes) {
  for (const auto& [name, layers, d_model, heads, d_ff] :
       {std::tuple("tiny", 4, 128, 4, 256), std::tuple("small", 4, 256, 4, 1024), std::tuple("base", 6, 512, 8, 2048),
        std::tuple("big", 6, 1024, 16, 4096)}) {
    const TransformerConfig config = TransformerConfig::Preset(name);
    EXPECT_EQ(config.encoder_layers, layers);
    EXPECT_EQ(config.decoder_layers, layers);
    EXPECT_EQ(config.d_model, d_model);
    EXPECT_EQ(config.heads, heads);
    EXPECT_EQ(config.d_ff, d_ff);
  }
  try {
    TransformerConfig::Preset("huge");
    ADD_FAILURE();
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("`preset` huge: no such preset, expected tiny, small, base or big"));
  }
}

TEST(TransformerConfigTest, ParametersAreThoseOfTheModel) {
  TransformerConfig config = UnusualConfig();
  for (const Tying tying : {Tying::kNone, Tying::kDecoder}) {
    for (const bool flag : {false, true}) {
      config.tying = tying;
      config.bias = config.gated = flag;
      config.output_bias = config.final_norm = !flag;
      config.positions = flag ? Positions::kLearned : Positions::kNone;
      EXPECT_EQ(config.Parameters(), Transformer(config).parameters().count());
    }
  }
  TransformerConfig tied = TransformerConfig::Preset("tiny");
  tied.src_vocab = tied.tgt_vocab = 50;
  EXPECT_EQ(tied.Parameters(), Transformer(tied).parameters().count());
}

// The weights that a token meets, counted in the model's own list of parameters.
TEST(TransformerConfigTest, OperationsAreTheWeightsATokenMeets) {
  TransformerConfig config = UnusualConfig();
  const Transformer model(config);
  double src = 0, tgt = 0;
  for (const auto& parameter : model.parameters().parameters()) {
    const std::string& name = parameter->name;
    if (parameter->shape.size() < 2 || name.find("embed") != std::string::npos) continue;
    if (name.find("positions") != std::string::npos) continue;
    const bool of_source = name.starts_with("encoder") || name.find("cross_attn.k") != std::string::npos ||
                           name.find("cross_attn.v") != std::string::npos;
    (of_source ? src : tgt) += static_cast<double>(parameter->size);
  }
  if (config.tying != Tying::kNone) tgt += 1.0 * config.d_model * config.tgt_vocab;  // tied to an embedding
  EXPECT_EQ(config.Operations().src_token, src);
  EXPECT_EQ(config.Operations().tgt_token, tgt);
  EXPECT_EQ(config.Operations().src_pair, 2 * 80 * 3);  // 4 heads of 20, 3 layers
  EXPECT_EQ(config.Operations().tgt_pair, 80 * 2);
  EXPECT_EQ(config.Operations().cross_pair, 2 * 80 * 2);
}

// What the balance of threads is about: the output projection makes a target token dearer.
TEST(TransformerConfigTest, ATargetTokenOfASmallModelCostsMore) {
  TransformerConfig config = TransformerConfig::Preset("tiny");
  config.src_vocab = config.tgt_vocab = 8000;
  EXPECT_NEAR(config.Operations().tgt_token / config.Operations().src_token, 2.56, 0.01);
}

}  // namespace
}  // namespace dragoman
