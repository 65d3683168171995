// SPDX-License-Identifier: Apache-2.0
// Whatever is cut off or changed in a file, it opens or is a FormatError, and no single piece of memory is asked for
// that is large beside what a small file can hold.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "archive/archive_testing.h"

namespace {
std::atomic<size_t> largest_allocation = 0, all_allocations = 0;  // bytes
}  // namespace

[[gnu::noinline]] void* operator new(size_t size) {
  all_allocations += size;
  size_t seen = largest_allocation;
  while (size > seen && !largest_allocation.compare_exchange_weak(seen, size)) {
  }
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace dragoman {
namespace {

constexpr size_t kMostMemory = size_t{1} << 20;

using Opener = std::function<std::unique_ptr<TensorArchive>(std::unique_ptr<ReadableFile> file)>;

struct Format {
  const char* name;
  std::string bytes;  // a file
  Opener open;
};

const std::string kNumbers = RawList<float>({0, 1, 2, 3, 4, 5});

std::string SmallZip(bool deflate) {
  return ZipOf({{"a.npy", NpyOf("<f4", "(2, 3)", kNumbers), deflate}, {"b/c.npy", NpyOf("|i1", "()", "x"), deflate}});
}

std::string SmallStateDict(bool legacy) {
  const std::string storage = PickledStorage("FloatStorage", "0", 6, legacy);
  return PickleOf(PickledStateDict({{"w", PickledTensor(storage, 0, {3, 2}, {1, 3})},
                                    {"b", PickledTensor(PickledStorage("HalfStorage", "1", 1, legacy), 0, {}, {})}}));
}

std::vector<Format> Formats() {
  const std::vector<StoragePart> storages = {{"0", 6, kNumbers}, {"1", 1, "xy"}};
  const auto npz = [](auto file) { return OpenNpzArchive(std::move(file), "f"); };
  const auto torch = [](auto file) { return OpenTorchArchive(std::move(file), "f"); };
  return {
      {"npz", SmallZip(false), npz},
      {"deflated npz", SmallZip(true), npz},
      {"torch zip", TorchZipOf(SmallStateDict(false), storages), torch},
      {"torch stream", TorchStreamOf(SmallStateDict(true), storages), torch},
      {"Marian",
       MarianOf({{"w", 0x0404, {2, 3}, kNumbers},
                 {"Wemb", 0x4101, {2, 3}, std::string(6, 'x') + Raw(2.0f)},
                 {"q", 0x10002, {3, 1}, std::string(6, 'x') + Raw(2.0f)}}),
       [](auto file) { return OpenMarianBinary(std::move(file), "f"); }},
      {"CTranslate2", CTranslate2Of(6, {{"w", {2, 3}, 0, 24, kNumbers}, {"w_scale", {2}, 5, 4, "abcd"}}, {{"v", "w"}}),
       [](auto file) { return OpenCTranslate2Binary(std::move(file), "f"); }},
      {"old CTranslate2", CTranslate2Of(2, {{"w", {2, 3}, 4, 6, kNumbers}}),
       [](auto file) { return OpenCTranslate2Binary(std::move(file), "f"); }},
      {"safetensors", SafetensorsOf(R"("w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})", kNumbers),
       [](auto file) { return OpenSafetensorsArchive(std::move(file), "f"); }},
  };
}

// Whether it opens and all of it can be read.
bool Reads(const Format& format, const std::string& bytes) {
  try {
    const auto archive = format.open(FileOf(bytes));
    for (const auto& [name, tensor] : archive->tensors()) {
      // What nobody claims to be there is asked for by nobody.
      EXPECT_LT(tensor.elements, static_cast<int64_t>(kMostMemory)) << format.name;
      EXPECT_EQ(archive->ReadBytes(name).size() % static_cast<size_t>(std::max<int64_t>(tensor.elements, 1)), 0u);
      Floats(*archive, name);
    }
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

TEST(HostileArchivesTest, TheFilesAreRight) {
  for (const Format& format : Formats()) EXPECT_TRUE(Reads(format, format.bytes)) << format.name;
}

TEST(HostileArchivesTest, AFileCutShortIsAnError) {
  largest_allocation = 0;
  for (const Format& format : Formats()) {
    for (size_t size = 0; size < format.bytes.size(); ++size) {
      EXPECT_FALSE(Reads(format, format.bytes.substr(0, size))) << format.name << " of " << size << " bytes";
    }
  }
  EXPECT_LT(largest_allocation, kMostMemory);
}

TEST(HostileArchivesTest, AnyByteChangedReadsOrIsAnError) {
  largest_allocation = 0;
  for (const Format& format : Formats()) {
    for (size_t at = 0; at < format.bytes.size(); ++at) {
      for (const int change : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
        std::string changed = format.bytes;
        changed[at] = static_cast<char>(changed[at] ^ change);
        Reads(format, changed);
      }
      for (const unsigned char value : {0x00, 0x7f, 0xff}) {
        std::string changed = format.bytes;
        changed[at] = static_cast<char>(value);
        Reads(format, changed);
      }
    }
  }
  EXPECT_LT(largest_allocation, kMostMemory);
}

// Sizes and offsets that are large in more than one byte.
TEST(HostileArchivesTest, AnyFieldOfLargeNumbersReadsOrIsAnError) {
  largest_allocation = 0;
  for (const Format& format : Formats()) {
    for (const std::string& field : {std::string(4, '\xff'), std::string(8, '\xff'), std::string("\xff\xff\xff\x7f", 4),
                                     std::string("\0\0\0\0\0\0\0\x80", 8), std::string("\0\0\0\0\0\0\0\x40", 8),
                                     std::string("\0\0\0\x10\0\0\0\0", 8)}) {
      for (size_t at = 0; at + field.size() <= format.bytes.size(); ++at) {
        std::string changed = format.bytes;
        Reads(format, changed.replace(at, field.size(), field));
      }
    }
  }
  EXPECT_LT(largest_allocation, kMostMemory);
}

// 4 MB of them, without as much memory.
TEST(HostileArchivesTest, NumbersAreReadFromWhereTheyLie) {
  constexpr int32_t kCount = 1 << 20;
  std::vector<float> numbers(kCount);
  for (int32_t i = 0; i < kCount; ++i) numbers[static_cast<size_t>(i)] = static_cast<float>(i);
  const std::string data(BytesOf(std::span<const float>(numbers)));
  const auto state = [&](bool legacy) {
    return PickleOf(PickledStateDict(
        {{"w", PickledTensor(PickledStorage("FloatStorage", "0", kCount, legacy), 0, {kCount}, {1})}}));
  };
  const std::string large[] = {
      ZipOf({{"w.npy", NpyOf("<f4", "(1048576,)", data)}}),
      "",
      TorchZipOf(state(false), {{"0", kCount, data}}),
      TorchStreamOf(state(true), {{"0", kCount, data}}),
      MarianOf({{"w", 0x0404, {kCount}, data}}),
      CTranslate2Of(6, {{"w", {kCount}, 0, 4 * kCount, data}}),
      CTranslate2Of(2, {{"w", {kCount}, 4, kCount, data}}),
      SafetensorsOf(R"("w":{"dtype":"F32","shape":[1048576],"data_offsets":[0,4194304]})", data)};
  const std::vector<Format> formats = Formats();
  for (size_t i = 0; i < formats.size(); ++i) {
    if (large[i].empty()) continue;  // a deflated one
    auto file = FileOf(large[i]);
    std::vector<float> out(kCount);
    largest_allocation = 0;
    formats[i].open(std::move(file))->ReadFloats("w", out);
    EXPECT_LT(largest_allocation, size_t{1} << 18) << formats[i].name;
    EXPECT_EQ(out, numbers) << formats[i].name;
  }
}

// A pickle says once what it then refers to any number of times.
TEST(HostileArchivesTest, WhatManyTensorsShareIsNotCopiedForEach) {
  const auto bytes_for = [](const std::string& pickle) {
    auto file = FileOf(TorchZipOf(pickle, {{"0", 6, kNumbers}}));
    all_allocations = 0;
    EXPECT_THROW(OpenTorchArchive(std::move(file), "f"), FormatError);
    return all_allocations / pickle.size();
  };
  constexpr int kTensors = 20'000;
  constexpr size_t kLong = 100'000;
  const std::string storage = PickledStorage("FloatStorage", "0", 6);
  std::string tensors;
  for (int i = 0; i < kTensors; ++i) tensors += "h\1h\2";
  EXPECT_LT(bytes_for(PickleOf("}(" + PickledText(std::string(kLong, 'n')) + "q\1" +
                               PickledTensor(storage, 0, {6}, {1}) + "q\2" + tensors + "u")),
            200u);  // the name
  tensors.clear();
  for (int i = 0; i < kTensors; ++i) tensors += PickledText(std::to_string(i)) + "h\2";
  const std::string long_key = PickledStorage("FloatStorage", std::string(kLong, 'k'), 6);
  EXPECT_LT(bytes_for(PickleOf("}(" + PickledText("w") + PickledTensor(long_key, 0, {6}, {1}) + "q\2" + tensors + "u")),
            200u);
  const std::string long_size =
      PickledTensor(storage, 0, std::vector<int32_t>(kLong, 1), std::vector<int32_t>(kLong, 1));
  EXPECT_LT(bytes_for(PickleOf("}(" + PickledText("w") + long_size + "q\2" + tensors + "u")), 200u);
}

}  // namespace
}  // namespace dragoman
