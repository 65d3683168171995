// SPDX-License-Identifier: Apache-2.0
#include "interop/weight_map.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "archive/archive_testing.h"
#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

struct Part {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

std::unique_ptr<TensorArchive> ArchiveOf(const std::vector<Part>& parts) {
  std::string header, data;
  for (const Part& part : parts) {
    const size_t begin = data.size();
    data += std::string(BytesOf(std::span<const float>(part.values)));
    header += fmt::format("{}\"{}\":{{\"dtype\":\"F32\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                          header.empty() ? "" : ",", part.name, fmt::join(part.shape, ","), begin, data.size());
  }
  return OpenSafetensorsArchive(FileOf(SafetensorsOf(header, data)), "theirs.safetensors");
}

std::vector<float> UpTo(int count, float first = 1) {
  std::vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), first);
  return values;
}

// A map that names each parameter's origin; all else is known by its name alone.
WeightMap MapOf(const std::map<std::string, TensorOrigin>& origins) {
  WeightMap map;
  map.origin = [origins](const Parameter& parameter) {
    const auto found = origins.find(parameter.name);
    return found == origins.end() ? TensorOrigin{parameter.name} : found->second;
  };
  map.is_unused = [](const std::string& name) { return name.starts_with("unused"); };
  return map;
}

class WeightMapTest : public testing::Test {
 protected:
  void Declare(const std::string& name, std::vector<int64_t> shape) { store_.Declare(name, std::move(shape)); }

  // Checks and reads, as an import does.
  void Read(const std::vector<Part>& parts, const WeightMap& map) {
    const auto archive = ArchiveOf(parts);
    RequireWeights(*archive, map, store_);
    if (!allocated_) store_.Allocate();
    allocated_ = true;
    ReadWeights(*archive, map, store_);
  }
  std::string ReadError(const std::vector<Part>& parts, const WeightMap& map = MapOf({})) {
    return ErrorIn([&] { Read(parts, map); });
  }
  std::span<const float> Values(const std::string& name) const { return store_.Find(name)->span(); }

  ParameterStore store_;
  bool allocated_ = false;
};

TEST_F(WeightMapTest, ATensorIsReadAsItIsOrTurned) {
  Declare("w", {2, 3});
  Declare("t", {2, 3});
  Declare("b", {3});
  Read({{"w", {2, 3}, UpTo(6)}, {"theirs", {3, 2}, UpTo(6)}, {"b", {3}, UpTo(3)}},
       MapOf({{"t", {"theirs", /*transposed=*/true}}}));
  EXPECT_THAT(Values("w"), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Values("t"), ElementsAre(1, 3, 5, 2, 4, 6));
  EXPECT_THAT(Values("b"), ElementsAre(1, 2, 3));
}

TEST_F(WeightMapTest, LargeTensorsAreTurnedWhole) {
  constexpr int kRows = 67, kCols = 35;  // no multiples of the squares
  Declare("t", {kCols, kRows});
  const std::vector<float> values = UpTo(kRows * kCols);
  Read({{"t", {kRows, kCols}, values}}, MapOf({{"t", {"t", /*transposed=*/true}}}));
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t c = 0; c < kCols; ++c) ASSERT_EQ(Values("t")[c * kRows + r], values[r * kCols + c]) << r << ' ' << c;
  }
}

TEST_F(WeightMapTest, SeveralStandInOneTensor) {
  for (const char* const name : {"q", "k", "v"}) Declare(std::string(name) + ".weight", {3, 2});
  for (const char* const name : {"q", "k", "v"}) Declare(std::string(name) + ".bias", {2});
  Declare("positions", {4, 2});
  Read({{"qkv", {6, 3}, UpTo(18)}, {"bias", {6}, UpTo(6)}, {"table", {6, 2}, UpTo(12)}},
       MapOf({{"q.weight", {"qkv", true, 0, 6}},
              {"k.weight", {"qkv", true, 2, 6}},
              {"v.weight", {"qkv", true, 4, 6}},
              {"q.bias", {"bias", false, 0, 6}},
              {"k.bias", {"bias", false, 2, 6}},
              {"v.bias", {"bias", false, 4, 6}},
              {"positions", {"table", false, 2, 6}}}));
  EXPECT_THAT(Values("q.weight"), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(Values("k.weight"), ElementsAre(7, 10, 8, 11, 9, 12));
  EXPECT_THAT(Values("v.weight"), ElementsAre(13, 16, 14, 17, 15, 18));
  EXPECT_THAT(Values("q.bias"), ElementsAre(1, 2));
  EXPECT_THAT(Values("k.bias"), ElementsAre(3, 4));
  EXPECT_THAT(Values("v.bias"), ElementsAre(5, 6));
  EXPECT_THAT(Values("positions"), ElementsAreArray(UpTo(8, 5)));
}

TEST_F(WeightMapTest, SizesOf1InFrontSayNothing) {
  Declare("b", {3});
  Declare("w", {2, 2});
  Read({{"b", {1, 3}, UpTo(3)}, {"w", {1, 2, 2}, UpTo(4)}}, MapOf({}));
  EXPECT_THAT(Values("b"), ElementsAre(1, 2, 3));
  EXPECT_THAT(Values("w"), ElementsAre(1, 2, 3, 4));
}

TEST_F(WeightMapTest, ScalesAreOfEachRowOrOfAll) {
  Declare("rows", {2, 3});
  Declare("turned", {3, 2});
  Declare("all", {2, 2});
  Declare("none", {2});
  Read({{"rows", {2, 3}, {2, 4, 6, 10, 20, 30}},
        {"rows_scale", {2}, {2, 10}},
        {"turned", {2, 3}, {2, 4, 6, 10, 20, 30}},
        {"turned_scale", {2}, {2, 10}},
        {"all", {2, 2}, {4, 8, 12, 16}},
        {"all_scale", {1}, {4}},
        {"none", {2}, {5, 6}}},
       MapOf({{"rows", {.name = "rows", .scale = "rows_scale"}},
              {"turned", {.name = "turned", .transposed = true, .scale = "turned_scale"}},
              {"all", {.name = "all", .scale = "all_scale"}},
              {"none", {.name = "none", .scale = "none_scale"}}}));
  EXPECT_THAT(Values("rows"), ElementsAre(1, 2, 3, 1, 2, 3));
  EXPECT_THAT(Values("turned"), ElementsAre(1, 1, 2, 2, 3, 3));
  EXPECT_THAT(Values("all"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Values("none"), ElementsAre(5, 6));
}

TEST_F(WeightMapTest, AScaleOfAnotherSizeIsAnError) {
  Declare("rows", {2, 3});
  const WeightMap map = MapOf({{"rows", {.name = "rows", .scale = "rows_scale"}}});
  EXPECT_THAT(ReadError({{"rows", {2, 3}, UpTo(6)}, {"rows_scale", {3}, UpTo(3)}}, map),
              AllOf(HasSubstr("theirs.safetensors"), HasSubstr("\"rows_scale\" has 3 numbers"), HasSubstr("1 or 2")));
  EXPECT_THAT(ReadError({{"rows", {2, 3}, UpTo(6)}, {"rows_scale", {0}, {}}}, map), HasSubstr("has 0 numbers"));
}

TEST_F(WeightMapTest, AScaleOf0IsAnError) {
  Declare("rows", {2, 1});
  const WeightMap map = MapOf({{"rows", {.name = "rows", .scale = "rows_scale"}}});
  EXPECT_THAT(ReadError({{"rows", {2, 1}, UpTo(2)}, {"rows_scale", {1}, {0}}}, map), HasSubstr("not finite"));
}

TEST_F(WeightMapTest, AMissingTensorIsNamed) {
  Declare("w", {2, 2});
  EXPECT_THAT(ReadError({{"v", {2, 2}, UpTo(4)}}), AllOf(HasSubstr("theirs.safetensors"), HasSubstr("\"w\"")));
}

TEST_F(WeightMapTest, AnotherShapeIsNamedWithTheOneThatWasExpected) {
  Declare("w", {2, 3});
  EXPECT_THAT(
      ReadError({{"w", {3, 2}, UpTo(6)}}),
      AllOf(HasSubstr("theirs.safetensors"), HasSubstr("\"w\" has the shape [3, 2]"), HasSubstr("expected [2, 3]")));
  EXPECT_THAT(ReadError({{"w", {2, 3}, UpTo(6)}}, MapOf({{"w", {"w", /*transposed=*/true}}})),
              AllOf(HasSubstr("[2, 3]"), HasSubstr("expected [3, 2]")));
  EXPECT_THAT(ReadError({{"w", {2, 3}, UpTo(6)}}, MapOf({{"w", {"w", false, 2, 4}}})),
              AllOf(HasSubstr("[2, 3]"), HasSubstr("expected [4, 3]")));
  EXPECT_THAT(ReadError({{"w", {2, 3, 1}, UpTo(6)}}), HasSubstr("[2, 3, 1]"));
  EXPECT_THAT(ReadError({{"w", {6}, UpTo(6)}}), HasSubstr("[6]"));
  EXPECT_NE(ReadError({{"w", {}, UpTo(1)}}), "");
}

TEST_F(WeightMapTest, AVectorOfAnotherShapeIsNamedWithTheOneThatWasExpected) {
  Declare("b", {3});
  EXPECT_THAT(ReadError({{"b", {4}, UpTo(4)}}), AllOf(HasSubstr("[4]"), HasSubstr("expected [3]")));
  EXPECT_THAT(ReadError({{"b", {3, 1}, UpTo(3)}}), AllOf(HasSubstr("[3, 1]"), HasSubstr("expected [3]")));
  EXPECT_THAT(ReadError({{"b", {3}, UpTo(3)}}, MapOf({{"b", {"b", false, 3, 9}}})), HasSubstr("expected [9]"));
}

TEST_F(WeightMapTest, ATensorThatNobodyKnowsIsNamed) {
  Declare("w", {2});
  EXPECT_THAT(ReadError({{"w", {2}, UpTo(2)}, {"adapter", {2, 3}, UpTo(6)}}),
              AllOf(HasSubstr("theirs.safetensors"), HasSubstr("\"adapter\" [2, 3]"), HasSubstr("no place")));
  EXPECT_EQ(ReadError({{"w", {2}, UpTo(2)}, {"unused table", {1}, UpTo(1)}}), "");
}

TEST_F(WeightMapTest, ACopyHasTheSameNumbersOrIsAnError) {
  Declare("embed", {2, 2});
  WeightMap map = MapOf({{"embed", {"shared"}}});
  map.copies = {{"head", "embed"}, {"shared", "embed"}, {"absent", "embed"}, {"head", "no parameter"}};
  const Part shared{"shared", {2, 2}, UpTo(4)};
  EXPECT_EQ(ReadError({shared}, map), "");
  EXPECT_EQ(ReadError({shared, {"head", {2, 2}, UpTo(4)}}, map), "");
  for (const Part& other :
       {Part{"head", {2, 2}, UpTo(4, 2)}, Part{"head", {1, 2}, UpTo(2)}, Part{"head", {4, 4}, UpTo(16)}}) {
    EXPECT_THAT(ReadError({shared, other}, map),
                AllOf(HasSubstr("theirs.safetensors"), HasSubstr("\"head\" is another than \"shared\"")));
  }
}

TEST_F(WeightMapTest, NumbersThatAreNotFiniteAreAnErrorOfTheTensor) {
  Declare("w", {2});
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THAT(ReadError({{"w", {2}, {1, bad}}}),
                AllOf(HasSubstr("theirs.safetensors"), HasSubstr("\"w\""), HasSubstr("not finite")));
  }
}

}  // namespace
}  // namespace dragoman
