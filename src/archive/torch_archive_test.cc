// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kSix = RawList<float>({0, 1, 2, 3, 4, 5});

// The two forms of a file, which say the same.
enum class Form { kZip, kStream };
class TorchArchiveTest : public testing::TestWithParam<Form> {
 protected:
  std::string Storage(const std::string& type, const std::string& key, int32_t numbers) const {
    return PickledStorage(type, key, numbers, /*legacy=*/GetParam() == Form::kStream);
  }
  std::string FileFor(const std::string& pickle, const std::vector<StoragePart>& storages) const {
    return GetParam() == Form::kZip ? TorchZipOf(pickle, storages) : TorchStreamOf(pickle, storages);
  }
  std::unique_ptr<TensorArchive> Open(const std::vector<std::pair<std::string, std::string>>& items,
                                      const std::vector<StoragePart>& storages) const {
    return OpenTorchArchive(dragoman::FileOf(FileFor(PickleOf(PickledStateDict(items)), storages)), "model.bin");
  }
  std::string ErrorOfItem(const std::string& value, const std::vector<StoragePart>& storages = {}) const {
    return ErrorOf([&] { Open({{"w", value}}, storages); });
  }
  // A tensor of these numbers of storage "0", which holds six.
  std::string ErrorOfView(int32_t offset, const std::vector<int32_t>& size, const std::vector<int32_t>& stride) const {
    return ErrorOfItem(PickledTensor(Storage("FloatStorage", "0", 6), offset, size, stride), {{"0", 6, kSix}});
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, TorchArchiveTest, testing::Values(Form::kZip, Form::kStream),
                         [](const auto& form) { return form.param == Form::kZip ? "Zip" : "Stream"; });

TEST_P(TorchArchiveTest, TensorsAreViewsOfStorages) {
  const std::string storage = Storage("FloatStorage", "0", 6);
  const auto archive = Open({{"whole", PickledTensor(storage, 0, {2, 3}, {3, 1})},
                             {"tied", PickledTensor(storage, 0, {2, 3}, {3, 1})},
                             {"transposed", PickledTensor(storage, 0, {3, 2}, {1, 3})},
                             {"tail", PickledTensor(storage, 4, {2}, {1})},
                             {"every second", PickledTensor(storage, 1, {1, 3}, {77, 2})},
                             {"expanded", PickledTensor(storage, 5, {1, 1}, {0, 0})},
                             {"scalar", PickledTensor(storage, 2, {}, {})},
                             {"none", PickledTensor(storage, 6, {0, 2}, {2, 1})}},
                            {{"0", 6, kSix}});
  EXPECT_EQ(archive->tensors().size(), 8u);
  EXPECT_EQ(archive->PathOf("tail"), "model.bin");
  EXPECT_THAT(Floats(*archive, "whole"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Floats(*archive, "tied"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(archive->Find("transposed").shape, ElementsAre(3, 2));
  EXPECT_THAT(Floats(*archive, "transposed"), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(archive->ReadBytes("transposed"), RawList<float>({0, 3, 1, 4, 2, 5}));
  EXPECT_THAT(Floats(*archive, "tail"), ElementsAre(4, 5));
  EXPECT_THAT(Floats(*archive, "every second"), ElementsAre(1, 3, 5));
  EXPECT_THAT(Floats(*archive, "expanded"), ElementsAre(5));
  EXPECT_THAT(Floats(*archive, "scalar"), ElementsAre(2));
  EXPECT_THAT(Floats(*archive, "none"), ElementsAre());
}

TEST_P(TorchArchiveTest, StridesOfManyDimensionsAreFollowed) {
  std::vector<float> numbers(24);
  for (int i = 0; i < 24; ++i) numbers[i] = static_cast<float>(i);
  const auto archive = Open({{"w", PickledTensor(Storage("FloatStorage", "a", 24), 0, {2, 3, 4}, {1, 8, 2})}},
                            {{"a", 24, std::string(BytesOf(std::span<const float>(numbers)))}});
  std::vector<float> expected;
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) expected.push_back(numbers[i + j * 8 + k * 2]);
    }
  }
  EXPECT_EQ(Floats(*archive, "w"), expected);
}

TEST_P(TorchArchiveTest, StoragesOfEveryTypeAreRead) {
  const std::vector<std::pair<std::string, std::string>> types = {{"DoubleStorage", Raw(2.0)},
                                                                  {"FloatStorage", Raw(2.0f)},
                                                                  {"HalfStorage", Raw<uint16_t>(0x4000)},
                                                                  {"BFloat16Storage", Raw<uint16_t>(0x4000)},
                                                                  {"LongStorage", Raw<int64_t>(2)},
                                                                  {"IntStorage", Raw<int32_t>(2)},
                                                                  {"ShortStorage", Raw<int16_t>(2)},
                                                                  {"CharStorage", Raw<int8_t>(2)},
                                                                  {"ByteStorage", Raw<uint8_t>(2)}};
  std::vector<std::pair<std::string, std::string>> items;
  std::vector<StoragePart> storages;
  for (const auto& [type, number] : types) {
    items.emplace_back(type, PickledTensor(Storage(type, type, 1), 0, {1}, {1}));
    storages.push_back({type, 1, number});
  }
  items.emplace_back("BoolStorage", PickledTensor(Storage("BoolStorage", "b", 1), 0, {1}, {1}));
  storages.push_back({"b", 1, Raw<uint8_t>(1)});
  const auto archive = Open(items, storages);
  for (const auto& [type, number] : types) EXPECT_THAT(Floats(*archive, type), ElementsAre(2)) << type;
  EXPECT_THAT(Floats(*archive, "BoolStorage"), ElementsAre(1));
}

TEST_P(TorchArchiveTest, AParameterIsItsTensor) {
  const std::string tensor = PickledTensor(Storage("FloatStorage", "0", 6), 0, {6}, {1});
  const auto archive = Open({{"w", "ctorch._utils\n_rebuild_parameter\n" +
                                       PickledTuple({tensor, "\x88", "ccollections\nOrderedDict\n)R"}) + "R"}},
                            {{"0", 6, kSix}});
  EXPECT_THAT(Floats(*archive, "w"), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_P(TorchArchiveTest, ViewsBeyondTheirStorageAreRefused) {
  EXPECT_EQ(ErrorOfView(0, {2, 3}, {3, 1}), "nothing was thrown");
  EXPECT_THAT(
      ErrorOfView(0, {7}, {1}),
      HasSubstr("model.bin: tensor \"w\" of shape [7] and dtype F32 needs 7 numbers from byte 0 on, where 6 are"));
  EXPECT_THAT(ErrorOfView(1, {2, 3}, {3, 1}), HasSubstr("needs 6 numbers from byte 4 on, where 5 are"));
  EXPECT_THAT(ErrorOfView(7, {}, {}), HasSubstr("begins at byte 28 of 24"));
  EXPECT_THAT(ErrorOfView(-1, {1}, {1}), HasSubstr("begins at number -1"));
  EXPECT_THAT(ErrorOfView(0, {2, 2}, {3, 3}), HasSubstr("needs 7 numbers"));
  EXPECT_THAT(ErrorOfView(3, {2}, {-1}), HasSubstr("has the impossible strides [-1]"));
  EXPECT_THAT(ErrorOfView(0, {-1}, {1}), HasSubstr("or a negative size"));
  EXPECT_THAT(ErrorOfView(0, {1 << 30, 1 << 30, 1 << 30}, {1, 1, 1}), HasSubstr("more elements than 64 bits count"));
  EXPECT_THAT(ErrorOfView(0, {1 << 30, 1 << 30}, {1 << 30, 1 << 30}), HasSubstr("of shape [1073741824, 1073741824]"));
  EXPECT_THAT(ErrorOfView(0, std::vector<int32_t>(17, 1), std::vector<int32_t>(17, 1)),
              HasSubstr("its size has 17 numbers, expected at most 16"));
  EXPECT_THAT(ErrorOfItem(PickledTensor(Storage("FloatStorage", std::string(101, '1'), 6), 0, {1}, {1})),
              HasSubstr("its storage's key has 101 bytes"));
  EXPECT_THAT(ErrorOfView(0, {1}, {1, 1}), HasSubstr("its size and its stride differ in length"));
  // A stride of 0 makes any number of elements of one number.
  EXPECT_THAT(ErrorOfView(0, {1'000'000}, {0}), HasSubstr("needs 1000000 numbers"));
  EXPECT_EQ(ErrorOfView(0, {6}, {0}), "nothing was thrown");
}

TEST_P(TorchArchiveTest, StoragesThatAreNotThereOrHaveAnotherLengthAreRefused) {
  const std::string tensor = PickledTensor(Storage("FloatStorage", "0", 6), 0, {6}, {1});
  EXPECT_THAT(ErrorOfItem(tensor),
              testing::AnyOf(HasSubstr("has no member \"model/data/0\""), HasSubstr("has no storage \"0\"")));
  EXPECT_THAT(
      ErrorOfItem(tensor, {{"0", 5, RawList<float>({0, 1, 2, 3, 4})}}),
      testing::AnyOf(HasSubstr("has 20 bytes, expected 6 numbers of F32"), HasSubstr("has 5 numbers, expected 6")));
  const auto two = [&](const std::string& type, int32_t numbers) {
    return ErrorOf([&] {
      Open({{"v", tensor}, {"w", PickledTensor(Storage(type, "0", numbers), 0, {1}, {1})}}, {{"0", 6, kSix}});
    });
  };
  EXPECT_EQ(two("FloatStorage", 6), "nothing was thrown");
  EXPECT_THAT(two("FloatStorage", 7), HasSubstr("tensor \"w\": its storage \"0\" has another dtype or length"));
  EXPECT_THAT(two("IntStorage", 6), HasSubstr("another dtype or length"));
  EXPECT_THAT(two("FloatStorage", -1), HasSubstr("its storage has -1 numbers"));
}

TEST_P(TorchArchiveTest, WhatIsNoStateDictIsRefused) {
  EXPECT_THAT(ErrorOfItem("}" + PickledText("inner") + "Ns"),
              HasSubstr("the value of key \"w\" is a dict, expected a tensor; save this dict alone"));
  EXPECT_THAT(ErrorOfItem("K\1"), HasSubstr("tensor \"w\": is an integer, expected a tensor"));
  EXPECT_THAT(ErrorOfItem("cargparse\nNamespace\n)R"), HasSubstr("makes use of Python's \"argparse.Namespace\""));
  EXPECT_THAT(ErrorOfItem(PickledTensor(Storage("ComplexFloatStorage", "0", 1), 0, {1}, {1})),
              HasSubstr("makes use of Python's \"torch.ComplexFloatStorage\""));
  EXPECT_THAT(ErrorOfItem(PickledTensor("K\1", 0, {1}, {1})),
              HasSubstr("its first argument is an integer, expected a storage"));
  EXPECT_THAT(ErrorOfItem("ctorch._utils\n_rebuild_tensor_v2\n)R"), HasSubstr("made of 0 arguments, expected 6"));
  EXPECT_THAT(ErrorOfItem("ctorch._utils\n_rebuild_parameter\n)R"), HasSubstr("a parameter without a tensor"));
  EXPECT_THAT(ErrorOfItem("ctorch._utils\n_rebuild_parameter\nN\x85R"), HasSubstr("is None, expected a tensor"));
  EXPECT_THAT(ErrorOfItem("ctorch\nFloatStorage\n)R"), HasSubstr("what is called is no tensor"));
  const auto whole = [&](const std::string& steps) {
    return ErrorOf([&] { OpenTorchArchive(dragoman::FileOf(FileFor(PickleOf(steps), {})), "model.bin"); });
  };
  EXPECT_EQ(whole("}"), "nothing was thrown");
  EXPECT_THAT(whole("]"),
              HasSubstr("model.bin: holds a list, expected a state dict; the file is damaged or no state dict"));
  EXPECT_THAT(whole("}K\1Ns"), HasSubstr("its dict has an integer for a key"));
  const std::string tensor = PickledTensor(Storage("FloatStorage", "0", 6), 0, {6}, {1});
  EXPECT_THAT(ErrorOf([&] {
                Open({{"w", tensor}, {"w", tensor}}, {{"0", 6, kSix}});
              }),
              HasSubstr("tensor \"w\" is there twice"));
  for (const std::string& id : {PickledTuple({}), PickledTuple({"N", "N", "N", "N", "N"}),
                                PickledTuple({PickledText("module"), "N", "N", "N", "N"}), std::string("N")}) {
    EXPECT_THAT(ErrorOfItem(PickledTensor(id + "Q", 0, {1}, {1})), HasSubstr("tensor \"w\": its storage"));
  }
}

TEST(TorchArchiveFormsTest, FilesThatTorchSaveDoesNotWriteAreExplained) {
  const auto error_of = [](const std::string& bytes) {
    return ErrorOf([&] { OpenTorchArchive(FileOf(bytes), "model.bin"); });
  };
  const std::string empty = PickleOf("}");
  EXPECT_THAT(error_of(""), HasSubstr("begins with \"\", expected what torch.save writes"));
  EXPECT_THAT(error_of(empty), HasSubstr("expected what torch.save writes"));
  EXPECT_THAT(error_of(ZipOf({{"x", "y"}})), HasSubstr("is a zip of 0 files data.pkl, expected one"));
  EXPECT_THAT(error_of(ZipOf({{"a/data.pkl", empty}, {"b/data.pkl", empty}})), HasSubstr("of 2 files data.pkl"));
  EXPECT_THAT(error_of(ZipOf({{"a/data.pkl", empty}, {"a/constants.pkl", empty}})), HasSubstr("a TorchScript program"));
  EXPECT_THAT(error_of(ZipOf({{"a/data.pkl", empty}, {"a/byteorder", "big"}})), HasSubstr("big-endian machine"));
  std::string stream = TorchStreamOf(empty, {});
  EXPECT_EQ(error_of(stream), "nothing was thrown");
  EXPECT_THAT(error_of(stream + "x"), HasSubstr("but 1 more follow"));
  stream[stream.find('\x88')] = '\x89';
  EXPECT_THAT(error_of(stream), HasSubstr("does not say that it was written on a little-endian machine"));
  EXPECT_THAT(error_of(TorchStreamOf(empty, {{"0", 1, "abcd"}})), HasSubstr("storage \"0\": is that of no tensor"));
  EXPECT_THAT(
      error_of(TorchStreamOf(PickleOf("}" + PickledText("w") +
                                      PickledTensor(PickledStorage("ByteStorage", "0", 4, true), 0, {4}, {1}) + "s"),
                             {{"0", 4, "abcd"}, {"0", 4, "abcd"}})),
      HasSubstr("storage \"0\": is there twice"));
  const std::string view =
      PickledTuple({PickledText("storage"), "ctorch\nFloatStorage\n", PickledText("0"), PickledText("cpu"), "K\6",
                    PickledTuple({PickledText("1"), PickledInteger(0), PickledInteger(6)})}) +
      "Q";
  EXPECT_THAT(error_of(TorchStreamOf(PickleOf("}" + PickledText("w") + PickledTensor(view, 0, {4}, {1}) + "s"), {})),
              HasSubstr("as before PyTorch 0.4"));
}

// PyTorch does not deflate, but a zip may have been packed anew.
TEST(TorchArchiveFormsTest, DeflatedMembersAreRead) {
  const std::string pickle =
      PickleOf(PickledStateDict({{"w", PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {3, 2}, {1, 3})}}));
  const auto archive =
      OpenTorchArchive(FileOf(ZipOf({{"data.pkl", pickle, true}, {"data/0", kSix, true}})), "model.bin");
  EXPECT_THAT(Floats(*archive, "w"), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(TorchArchiveFormsTest, DamagedNumbersAreNoticedByTheirChecksum) {
  const std::string pickle =
      PickleOf(PickledStateDict({{"w", PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {6}, {1})}}));
  std::string bytes = TorchZipOf(pickle, {{"0", 6, kSix}});
  bytes[bytes.find(kSix) + 1] ^= 1;
  const auto archive = OpenTorchArchive(FileOf(bytes), "model.bin");
  EXPECT_THAT(ErrorOf([&] { Floats(*archive, "w"); }),
              HasSubstr("model.bin: member \"model/data/0\" has the checksum"));
}

}  // namespace
}  // namespace dragoman
