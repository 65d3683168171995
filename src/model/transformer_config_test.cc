// SPDX-License-Identifier: Apache-2.0
#include "model/transformer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "model/transformer.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// Every field at a value that is not its default, but those of kApart, which go with few of the others.
constexpr std::string_view kApart[] = {"copy", "ffn_depth", "decoder_ssru", "first_position"};

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
  c.encoder_repeats = 3;
  c.decoder_repeats = 2;
  c.max_src_len = 700;
  c.max_tgt_len = 90;
  c.scale_embedding = false;
  c.positions = Positions::kLearned;
  c.sinusoid_layout = SinusoidLayout::kHalves;
  c.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  c.relative_buckets = 8;
  c.relative_max_distance = 20;
  c.relative_per_layer = true;
  c.segment_end = 9;
  c.max_segment_len = 8;
  c.tying = Tying::kDecoder;
  c.output_bias = true;
  c.embedding_norm = true;
  c.norm_order = NormOrder::kPre;
  c.final_norm = true;
  c.norm_kind = NormKind::kRms;
  c.norm_epsilon = 1e-6f;
  c.norm_bias = false;
  c.activation = kernels::Activation::kGeluTanh;
  c.gated = true;
  c.bias = false;
  c.attention_scale = 0.5f;
  c.logit_scale = 0.25f;
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
    if (std::ranges::find(kApart, key) != std::end(kApart)) continue;
    EXPECT_NE(unusual.at(key), usual.at(key)) << key << " is not tested at another value than its default";
  }
}

TEST(TransformerConfigTest, WhatGoesWithFewOtherFieldsSurvivesJson) {
  TransformerConfig config;
  config.src_vocab = config.tgt_vocab = 50;
  config.copy = config.decoder_ssru = true;
  config.first_position = 2;
  config.ffn_depth = 3;
  const TransformerConfig read = TransformerConfig::FromJson(config.ToJson(), "c");
  EXPECT_TRUE(read.copy);
  EXPECT_TRUE(read.decoder_ssru);
  EXPECT_EQ(read.first_position, 2);
  EXPECT_EQ(read.ffn_depth, 3);
}

TEST(TransformerConfigTest, ARecurrentDecoderComparesNoTargetTokens) {
  TransformerConfig config;
  config.tgt_vocab = 50;
  const OperationCounts attention = config.Operations();
  config.decoder_ssru = true;
  const OperationCounts recurrent = config.Operations();
  EXPECT_EQ(recurrent.tgt_pair, 0);
  EXPECT_EQ(attention.tgt_token - recurrent.tgt_token, 6 * (4 - 2) * 512 * 512) << "two projections in place of four";
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
  for (const auto& [name, value] : NamesOf(NormKind())) config.norm_kind = value, expect_survives();
  for (const auto& [name, value] : NamesOf(SinusoidLayout())) config.sinusoid_layout = value, expect_survives();
  for (const auto& [name, value] : NamesOf(SinusoidExponent())) config.sinusoid_exponent = value, expect_survives();
  for (const auto& [name, value] : kernels::NamesOf(kernels::Activation()))
    config.activation = value, expect_survives();
  config.tgt_vocab = config.src_vocab;
  for (const auto& [name, value] : NamesOf(Tying())) config.tying = value, expect_survives();
}

TEST(TransformerConfigTest, AMissingKeyHasItsDefault) {
  const Json usual = Json::parse(TransformerConfig().ToJson());
  for (const std::string& key : Keys()) {
    if (key == "src_vocab" || key == "tgt_vocab") continue;
    TransformerConfig config;
    config.src_vocab = config.tgt_vocab = 100;
    config.d_model = key == "heads" ? 64 : 96;  // neither has to be its default for the other to be possible
    config.heads = 4;
    Json json = Json::parse(config.ToJson());
    json.erase(key);
    const TransformerConfig read = TransformerConfig::FromJson(json.dump(), "m/config.json");
    EXPECT_EQ(Json::parse(read.ToJson()).at(key), usual.at(key)) << key;
  }
}

// What a missing key means is written in docs/formats.md, and must not change: models of older versions lack the newer
// keys.
TEST(TransformerConfigTest, TheDefaultsOfMissingKeysStay) {
  TransformerConfig expected;
  expected.src_vocab = 50;
  expected.tgt_vocab = 50;
  expected.encoder_layers = expected.decoder_layers = 6;
  expected.d_model = 512;
  expected.heads = 8;
  expected.d_head = 0;
  expected.d_ff = 2048;
  expected.encoder_repeats = expected.decoder_repeats = 1;
  expected.max_src_len = expected.max_tgt_len = 512;
  expected.scale_embedding = true;
  expected.positions = Positions::kSinusoidal;
  expected.sinusoid_layout = SinusoidLayout::kInterleaved;
  expected.sinusoid_exponent = SinusoidExponent::kPaper;
  expected.relative_buckets = 0;
  expected.relative_max_distance = 128;
  expected.relative_per_layer = false;
  expected.first_position = 0;
  expected.segment_end = -1;
  expected.max_segment_len = 16;
  expected.tying = Tying::kAll;
  expected.output_bias = false;
  expected.embedding_norm = false;
  expected.norm_order = NormOrder::kPost;
  expected.final_norm = false;
  expected.norm_kind = NormKind::kLayer;
  expected.norm_epsilon = 1e-5f;
  expected.norm_bias = true;
  expected.activation = kernels::Activation::kRelu;
  expected.gated = false;
  expected.bias = true;
  expected.attention_scale = 0;
  expected.logit_scale = 0;
  expected.copy = false;
  expected.decoder_start = 1;
  expected.embedding_dropout = expected.residual_dropout = 0.1f;
  expected.attention_dropout = expected.ffn_dropout = 0;
  EXPECT_EQ(TransformerConfig::FromJson(R"({"format": "dragoman-transformer-1", "src_vocab": 50, "tgt_vocab": 50})",
                                        "m/config.json"),
            expected);
}

TEST(TransformerConfigTest, TheDocumentedDefaultsAreThese) {
  const std::string text = ReadFile(RealFileSystem(), "docs/formats.md", 1 << 20);
  const Json usual = Json::parse(TransformerConfig().ToJson());
  TransformerConfig config;
  ForEachField(config, [&](const std::string& key, auto&, const char* help) {
    const bool is_required = key == "src_vocab" || key == "tgt_vocab";
    const std::string value = is_required ? "must be there" : usual.at(key).dump();
    EXPECT_THAT(text, HasSubstr("| `" + key + "` | " + value + " | " + help + " |\n"));
  });
}

// A config.json as version 1 of the format wrote it first, before any key was added.
TEST(TransformerConfigTest, TheOldestConfigOpens) {
  const TransformerConfig config = TransformerConfig::FromJson(R"({
    "format": "dragoman-transformer-1", "src_vocab": 8001, "tgt_vocab": 7003, "encoder_layers": 3,
    "decoder_layers": 2, "d_model": 96, "heads": 4, "d_head": 20, "d_ff": 130, "max_src_len": 700, "max_tgt_len": 90,
    "scale_embedding": false, "positions": "learned", "sinusoid_layout": "halves",
    "sinusoid_exponent": "tensor2tensor", "tying": "decoder", "output_bias": true, "norm_order": "pre",
    "final_norm": true, "norm_epsilon": 1e-06, "activation": "gelu_tanh", "gated": true, "bias": false,
    "decoder_start": -1, "embedding_dropout": 0.3, "residual_dropout": 0.15, "attention_dropout": 0.01,
    "ffn_dropout": 0.05})",
                                                               "m/config.json");
  TransformerConfig expected = UnusualConfig();
  expected.encoder_repeats = expected.decoder_repeats = 1;
  expected.segment_end = -1;
  expected.max_segment_len = 16;
  expected.relative_buckets = 0;
  expected.relative_max_distance = 128;
  expected.relative_per_layer = false;
  expected.embedding_norm = false;
  expected.norm_kind = NormKind::kLayer;
  expected.norm_bias = true;
  expected.attention_scale = expected.logit_scale = 0;
  EXPECT_EQ(config, expected);
}

TEST(TransformerConfigTest, NamesAMissingVocabulary) {
  for (const std::string key : {"src_vocab", "tgt_vocab"}) {
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
      if (key.ends_with("_scale") && (value == Json(1.5) || value == Json(1e-300))) continue;  // possible ones
      if (key.find("dropout") != std::string::npos && value == Json(1e-300)) continue;         // 0 as a float
      EXPECT_THAT(ParseErrorWith(key, value),
                  AllOf(HasSubstr("m/config.json:"), HasSubstr(key), ContainsRegex("expected|out of range")))
          << key << " as " << value;
    }
  }
  EXPECT_THAT(ParseErrorWith("heads", "4"), HasSubstr("key \"heads\" is \"4\", expected an integer"));
  EXPECT_THAT(ParseErrorWith("tying", "both"),
              HasSubstr("key \"tying\" is \"both\", expected one of none, decoder, embeddings, all"));
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
      {[](auto& c) { c.src_vocab = 0; }, "`src_vocab` is 0, expected 1 to 16777216"},
      {[](auto& c) { c.tgt_vocab = -1; }, "`tgt_vocab` is -1, expected 1 to 16777216"},
      {[](auto& c) { c.encoder_layers = 0; }, "`encoder_layers` is 0, expected 1 to 1000"},
      {[](auto& c) { c.decoder_layers = 1001; }, "`decoder_layers` is 1001, expected 1 to 1000"},
      {[](auto& c) { c.d_model = 0; }, "`d_model` is 0, expected 1 to 65536"},
      {[](auto& c) { c.heads = 0; }, "`heads` is 0, expected 1 to 1024"},
      {[](auto& c) { c.d_head = -1; }, "`d_head` is -1, expected 0 to 65536"},
      {[](auto& c) { c.d_ff = 0; }, "`d_ff` is 0, expected 1 to 262144"},
      {[](auto& c) { c.max_src_len = 1; }, "`max_src_len` is 1, expected 2 to 65535"},
      {[](auto& c) { c.max_tgt_len = 65536; }, "`max_tgt_len` is 65536, expected 2 to 65535"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.d_model = 9600, c.max_src_len = 7000; },
       "`max_src_len` is 7000, expected at most 6990 with sinusoids of 9600"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.d_model = 9600, c.max_tgt_len = 7000; },
       "`max_tgt_len` is 7000"},
      {[](auto& c) { c.d_head = 0, c.heads = 5; },
       "`heads` is 5, expected a divisor of `d_model` 96 (or give `d_head`)"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.d_model = 97; },
       "`d_model` is 97, expected an even number with sinusoidal positions"},
      {[](auto& c) { c.tying = Tying::kAll; },
       "`tying` is all, expected decoder or none, as the vocabularies differ (source 8001, target "
       "7003)"},
      {[](auto& c) { c.tying = Tying::kEmbeddings; },
       "`tying` is embeddings, expected decoder or none, as the vocabularies differ"},
      {[](auto& c) { c.positions = Positions::kSinusoidal, c.first_position = -1; },
       "`first_position` is -1, expected 0 to 65535"},
      {[](auto& c) { c.first_position = 2; }, "`first_position` is 2, expected 0 with learned positions"},
      {[](auto& c) { c.relative_buckets = 3; }, "`relative_buckets` is 3, expected 4 to 1024, or 0 for none"},
      {[](auto& c) { c.relative_buckets = 41; }, "`relative_max_distance` is 20, expected 21 to 65535"},
      {[](auto& c) { c.relative_buckets = 0; },
       "`relative_per_layer` is on, expected `relative_buckets` above 0 with it"},
      {[](auto& c) { c.heads = 1000, c.max_src_len = 30000; },
       "`max_src_len` is 30000, expected at most 22369 with `relative_per_layer` in 3 layers of 1000 heads"},
      {[](auto& c) { c.heads = 1000, c.max_tgt_len = 40000; }, "`max_tgt_len` is 40000, expected at most 33554 with"},
      {[](auto& c) { c.norm_bias = true; }, "`norm_bias` is on, expected off with `norm_kind` rms"},
      {[](auto& c) { c.logit_scale = -0.5f; }, "`logit_scale` is -0.5, expected above 0 and at most 1000, or 0"},
      {[](auto& c) { c.logit_scale = std::numeric_limits<float>::quiet_NaN(); }, "`logit_scale` is nan"},
      {[](auto& c) { c.encoder_repeats = 0; }, "`encoder_repeats` is 0, expected 1 to 333"},
      {[](auto& c) { c.decoder_layers = 400, c.decoder_repeats = 3; }, "`decoder_repeats` is 3, expected 1 to 2"},
      {[](auto& c) { c.segment_end = 8001; }, "`segment_end` is 8001, expected -1 to 8000"},
      {[](auto& c) { c.max_segment_len = 0; }, "`max_segment_len` is 0, expected 1 to 65535"},
      {[](auto& c) { c.copy = true; }, "`copy` is on, expected `tying` all with it"},
      {[](auto& c) { c.copy = true, c.tgt_vocab = c.src_vocab, c.tying = Tying::kAll; },
       "`copy` is on, expected no `segment_end` with it"},
      {[](auto& c) { c.decoder_start = -2; }, "`decoder_start` is -2, expected -1 to 7002"},
      {[](auto& c) { c.decoder_start = 7003; }, "`decoder_start` is 7003, expected -1 to 7002"},
      {[](auto& c) { c.norm_epsilon = 0; }, "`norm_epsilon` is 0, expected above 0 and at most 1"},
      {[](auto& c) { c.norm_epsilon = 1.5f; }, "`norm_epsilon` is 1.5, expected above 0 and at most 1"},
      {[](auto& c) { c.norm_epsilon = std::numeric_limits<float>::quiet_NaN(); }, "`norm_epsilon` is nan"},
      {[](auto& c) { c.attention_scale = -1; }, "`attention_scale` is -1, expected above 0 and at most 1000"},
      {[](auto& c) { c.attention_scale = std::numeric_limits<float>::infinity(); }, "`attention_scale` is inf"},
      {[](auto& c) { c.embedding_dropout = 1; }, "`embedding_dropout` is 1, expected at least 0 and below 1"},
      {[](auto& c) { c.residual_dropout = -0.1f; }, "`residual_dropout` is -0.1"},
      {[](auto& c) { c.attention_dropout = 2; }, "`attention_dropout` is 2"},
      {[](auto& c) { c.ffn_dropout = std::numeric_limits<float>::quiet_NaN(); }, "`ffn_dropout` is nan"},
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
    EXPECT_THAT(ParseError(config.ToJson()), AllOf(testing::StartsWith("m/config.json:"), Not(HasSubstr("`"))));
  }
}

TEST(TransformerConfigTest, AShapeIsValidWhateverTheVocabulariesAre) {
  TransformerConfig config = TransformerConfig::Preset("tiny");  // no vocabularies
  config.decoder_start = 1 << 25;
  EXPECT_NO_THROW(config.ValidateShape());
  config.heads = 3;
  EXPECT_THROW(config.ValidateShape(), OptionError);
  config.heads = 4;
  config.src_vocab = 5, config.tgt_vocab = 7, config.decoder_start = 1;
  EXPECT_NO_THROW(config.ValidateShape());
  EXPECT_THROW(config.Validate(), OptionError) << "tied, but of different sizes";
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

// The weights that a token meets, counted in the model's own list of parameters.
TEST(TransformerConfigTest, OperationsAreTheWeightsATokenMeets) {
  TransformerConfig config = UnusualConfig();
  const Transformer model(config);
  double src = 0, tgt = 0;
  for (const auto& parameter : model.parameters().parameters()) {
    const std::string& name = parameter->name;
    if (parameter->shape.size() < 2 || name.find("embed") != std::string::npos) continue;
    if (name.find("positions") != std::string::npos || name.find("relative_bias") != std::string::npos) continue;
    if (name.find("passes") != std::string::npos || name.find("places") != std::string::npos) continue;
    const bool of_source = name.starts_with("encoder") || name.find("cross_attn.k") != std::string::npos ||
                           name.find("cross_attn.v") != std::string::npos || name.starts_with("copy.k");
    const int passes = name.starts_with("encoder")   ? config.encoder_repeats
                       : name.starts_with("decoder") ? config.decoder_repeats
                                                     : 1;
    (of_source ? src : tgt) += 1.0 * passes * static_cast<double>(parameter->size);
  }
  if (config.tying != Tying::kNone) tgt += 1.0 * config.d_model * config.tgt_vocab;  // tied to an embedding
  EXPECT_EQ(config.Operations().src_token, src);
  EXPECT_EQ(config.Operations().tgt_token, tgt);
  EXPECT_EQ(config.Operations().src_pair, 2 * 80 * 3 * 3);  // 4 heads of 20, 3 layers, 3 passes
  EXPECT_EQ(config.Operations().tgt_pair, 80 * 2 * 2);
  EXPECT_EQ(config.Operations().cross_pair, 2 * 80 * 2 * 2);
}

TEST(TransformerConfigTest, CopyingCostsItsTwoProjectionsAndAScoreAPair) {
  TransformerConfig config = TransformerConfig::Preset("tiny");
  config.src_vocab = config.tgt_vocab = 100;
  const OperationCounts without = config.Operations();
  config.copy = true;
  EXPECT_EQ(config.Operations().src_token - without.src_token, 128 * 128);
  EXPECT_EQ(config.Operations().tgt_token - without.tgt_token, 128 * 128);
  EXPECT_EQ(config.Operations().cross_pair - without.cross_pair, 128);
}

// What the balance of threads is about: the output projection makes a target token dearer.
TEST(TransformerConfigTest, ATargetTokenOfASmallModelCostsMore) {
  TransformerConfig config = TransformerConfig::Preset("tiny");
  config.src_vocab = config.tgt_vocab = 8000;
  EXPECT_NEAR(config.Operations().tgt_token / config.Operations().src_token, 2.56, 0.01);
}

}  // namespace
}  // namespace dragoman
