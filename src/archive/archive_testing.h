// SPDX-License-Identifier: Apache-2.0
// Other programs' files, written by tests: well or with a lie in them.
#ifndef DRAGOMAN_ARCHIVE_ARCHIVE_TESTING_H_
#define DRAGOMAN_ARCHIVE_ARCHIVE_TESTING_H_

#include <zlib.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/tensor_archive.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/memory_file.h"

namespace dragoman {

inline std::unique_ptr<ReadableFile> FileOf(std::string_view bytes) { return std::make_unique<MemoryFile>(bytes); }

// The bytes of numbers as they lie in memory.
template <typename T>
std::string Raw(T number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}
template <typename T>
std::string RawList(std::initializer_list<T> numbers) {
  return std::string(BytesOf(std::span<const T>(numbers.begin(), numbers.size())));
}

// What f says when it fails as it should; "nothing was thrown" if it does not.
template <typename F>
std::string ErrorOf(F f) {
  try {
    f();
  } catch (const FormatError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

inline std::vector<float> Floats(const TensorArchive& archive, const std::string& name) {
  std::vector<float> numbers(static_cast<size_t>(archive.Find(name).elements));
  archive.ReadFloats(name, numbers);
  return numbers;
}

inline std::string Deflated(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);  // no header: as in a zip
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct ZipPart {
  std::string name, bytes;
  bool deflate = false;
  // Lies.
  std::optional<uint32_t> claimed_size = {}, claimed_crc = {};
  std::optional<uint16_t> method = {};
  uint16_t flags = 0;
  bool shares_previous = false;  // lies where the one before it does
  std::optional<uint32_t> claimed_packed = {};
};

inline std::string ZipOf(const std::vector<ZipPart>& parts) {
  std::string file, directory;
  size_t previous = 0;
  for (const ZipPart& part : parts) {
    const std::string packed = part.deflate ? Deflated(part.bytes) : part.bytes;
    const std::string common = Raw<uint16_t>(20) + Raw(part.flags) +
                               Raw<uint16_t>(part.method.value_or(part.deflate ? 8 : 0)) + Raw<uint32_t>(0x21 << 16) +
                               Raw(part.claimed_crc.value_or(Crc32(part.bytes))) +
                               Raw<uint32_t>(part.claimed_packed.value_or(packed.size())) +
                               Raw<uint32_t>(part.claimed_size.value_or(part.bytes.size())) +
                               Raw<uint16_t>(part.name.size()) + Raw<uint16_t>(0);
    if (!part.shares_previous) previous = file.size();
    directory.append("PK\1\2").append(Raw<uint16_t>(20)).append(common).append(10, '\0');
    directory.append(Raw<uint32_t>(previous)).append(part.name);
    if (!part.shares_previous) file.append("PK\3\4").append(common).append(part.name).append(packed);
  }
  const std::string counts = Raw<uint16_t>(parts.size()) + Raw<uint16_t>(parts.size());
  return file + directory + "PK\5\6" + std::string(4, '\0') + counts + Raw<uint32_t>(directory.size()) +
         Raw<uint32_t>(file.size()) + Raw<uint16_t>(0);
}

// An .npy of version `major`.0.
inline std::string NpyOf(const std::string& dictionary, const std::string& data, int major = 1) {
  std::string header = dictionary;
  header.resize((header.size() + 1 + 12 + 63) / 64 * 64 - 12, ' ');
  header.back() = '\n';
  return std::string("\x93NUMPY", 6) + static_cast<char>(major) + '\0' +
         (major == 1 ? Raw<uint16_t>(header.size()) : Raw<uint32_t>(header.size())) + header + data;
}
inline std::string NpyOf(const std::string& descr, const std::string& shape, const std::string& data) {
  return NpyOf("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }", data);
}

// Steps of a pickle of protocol 2.
inline std::string PickledText(const std::string& text) { return "X" + Raw<uint32_t>(text.size()) + text; }
inline std::string PickledInteger(int32_t integer) { return "J" + Raw(integer); }
inline std::string PickledTuple(const std::vector<std::string>& items) {
  std::string pickle = "(";
  for (const std::string& item : items) pickle += item;
  return pickle + "t";
}
inline std::string PickledIntegers(const std::vector<int32_t>& integers) {
  std::vector<std::string> items;
  for (const int32_t integer : integers) items.push_back(PickledInteger(integer));
  return PickledTuple(items);
}
inline std::string PickleOf(const std::string& steps) { return "\x80\x02" + steps + "."; }

// As torch.save says it: `type` is "FloatStorage"; `legacy` has one more part.
inline std::string PickledStorage(const std::string& type, const std::string& key, int32_t numbers,
                                  bool legacy = false) {
  std::vector<std::string> id = {PickledText("storage"), "ctorch\n" + type + "\n", PickledText(key), PickledText("cpu"),
                                 PickledInteger(numbers)};
  if (legacy) id.push_back("N");
  return PickledTuple(id) + "Q";
}
inline std::string PickledTensor(const std::string& storage, int32_t offset, const std::vector<int32_t>& size,
                                 const std::vector<int32_t>& stride) {
  return "ctorch._utils\n_rebuild_tensor_v2\n" +
         PickledTuple({storage, PickledInteger(offset), PickledIntegers(size), PickledIntegers(stride), "\x89",
                       "ccollections\nOrderedDict\n)R"}) +
         "R";
}
// An OrderedDict of names and values, with metadata set on it.
inline std::string PickledStateDict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string pickle = "ccollections\nOrderedDict\n)Rq\1(";
  for (const auto& [name, value] : items) pickle += PickledText(name) + value;
  return pickle + "u}" + PickledText("_metadata") + "ccollections\nOrderedDict\n)Rsb";
}

struct StoragePart {
  std::string key;
  int64_t numbers;
  std::string bytes;
};

// torch.save's zip.
inline std::string TorchZipOf(const std::string& pickle, const std::vector<StoragePart>& storages) {
  std::vector<ZipPart> parts = {{"model/data.pkl", pickle}, {"model/byteorder", "little"}};
  for (const StoragePart& storage : storages) parts.push_back({"model/data/" + storage.key, storage.bytes});
  parts.push_back({"model/version", "3\n"});
  return ZipOf(parts);
}

// torch.save's stream of pickles, before PyTorch 1.6.
inline std::string TorchStreamOf(const std::string& pickle, const std::vector<StoragePart>& storages) {
  std::string file("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  file += PickleOf("M" + Raw<uint16_t>(1001));
  file += PickleOf("}(" + PickledText("protocol_version") + PickledInteger(1001) + PickledText("little_endian") +
                   "\x88" + PickledText("type_sizes") + "}u");
  std::string keys = "](", data;
  for (const StoragePart& storage : storages) {
    keys += PickledText(storage.key);
    data += Raw(storage.numbers) + storage.bytes;
  }
  return file + pickle + PickleOf(keys + "e") + data;
}

// Marian's .bin.
struct MarianPart {
  std::string name;
  uint64_t type;
  std::vector<int32_t> shape;
  std::string data;
};
inline std::string MarianOf(const std::vector<MarianPart>& parts, uint64_t version = 1) {
  std::string file = Raw(version) + Raw<uint64_t>(parts.size()), names, shapes, data;
  for (const MarianPart& part : parts) {
    std::string padded = part.data;
    padded.resize((padded.size() + 255) / 256 * 256, '\0');
    file += Raw<uint64_t>(part.name.size() + 1) + Raw(part.type) + Raw<uint64_t>(part.shape.size()) +
            Raw<uint64_t>(padded.size());
    names += part.name + '\0';
    shapes += std::string(BytesOf(std::span<const int32_t>(part.shape)));
    data += padded;
  }
  file += names + shapes;
  const size_t padding = ((file.size() + 8) / 256 + 1) * 256 - file.size() - 8;
  return file + Raw<uint64_t>(padding) + std::string(padding, '\0') + data;
}

// CTranslate2's model.bin.
struct CTranslate2Part {
  std::string name;
  std::vector<uint32_t> shape;
  uint8_t type;    // dtype; before version 4 bytes of a number
  uint32_t count;  // bytes; before version 4 numbers
  std::string data;
};
inline std::string CTranslate2Name(const std::string& name) { return Raw<uint16_t>(name.size() + 1) + name + '\0'; }
inline std::string CTranslate2Of(uint32_t version, const std::vector<CTranslate2Part>& parts,
                                 const std::vector<std::pair<std::string, std::string>>& aliases = {}) {
  std::string file = Raw(version) + CTranslate2Name("TransformerSpec") + Raw<uint32_t>(7) + Raw<uint32_t>(parts.size());
  for (const CTranslate2Part& part : parts) {
    file += CTranslate2Name(part.name) + static_cast<char>(part.shape.size());
    file += std::string(BytesOf(std::span<const uint32_t>(part.shape)));
    file += static_cast<char>(part.type) + Raw(part.count) + part.data;
  }
  if (version < 3) return file;
  file += Raw<uint32_t>(aliases.size());
  for (const auto& [alias, name] : aliases) file += CTranslate2Name(alias) + CTranslate2Name(name);
  return file;
}

// Safetensors: a header without its braces, and data.
inline std::string SafetensorsOf(const std::string& header, const std::string& data) {
  return Raw<uint64_t>(header.size() + 2) + "{" + header + "}" + data;
}

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_ARCHIVE_TESTING_H_
