// SPDX-License-Identifier: Apache-2.0
// CTranslate2's model.bin, as python/ctranslate2/specs/model_spec.py (_serialize) writes it and src/models/model.cc
// reads it:
//   u32 binary version; name of the specification, u32 its revision; u32 variables; of each: its name, u8 rank, u32
//   sizes, u8 dtype, u32 bytes, its data; from version 3 on, u32 aliases; of each: the alias, the variable's name
// A name is u16 bytes and these, the last of them NUL. Before version 4 a dtype is the bytes of a number, and the
// data's length is in numbers.
#include <array>
#include <utility>

#include "archive/byte_cursor.h"
#include "archive/tensor_archive.h"
#include "archive/tensor_table.h"
#include "base/checked_size.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] =
    "the file is damaged or no model.bin of CTranslate2's: convert the model again with its converters, or fetch it "
    "again";
constexpr uint32_t kOldestVersion = 2, kNewestVersion = 6;
constexpr std::array kDTypes = {DType::kF32, DType::kI8, DType::kI16, DType::kI32, DType::kF16, DType::kBF16};

std::string ReadName(ByteCursor& cursor, std::string_view what) {
  const std::string_view name = cursor.Bytes(cursor.Number<uint16_t>(what), what);
  if (name.empty() || name.find('\0') != name.size() - 1) {
    cursor.Fail(std::string(what) + " is " + Quoted(name) + ", expected text with one NUL, its last byte");
  }
  return std::string(name.substr(0, name.size() - 1));
}

// The dtype and the bytes of the data that follows.
std::pair<DType, uint64_t> ReadType(ByteCursor& cursor, uint32_t version) {
  const auto code = cursor.Number<uint8_t>("the dtype");
  const uint64_t count = cursor.Number<uint32_t>("the data's length");
  if (version >= 4) {
    if (code >= kDTypes.size()) cursor.Fail("has the unknown dtype " + std::to_string(code) + ", expected 0 to 5");
    return {kDTypes[code], count};
  }
  if (code != 1 && code != 2 && code != 4) {
    cursor.Fail("has numbers of " + std::to_string(code) + " bytes, expected 1, 2 or 4");
  }
  return {code == 4 ? DType::kF32 : code == 2 ? DType::kI16 : DType::kI8, count * code};
}

void ReadVariable(ByteCursor& cursor, uint32_t version, const std::shared_ptr<const void>& owner, TensorTable& table) {
  const std::string name = ReadName(cursor, "the name");
  const std::string subject = "variable " + Quoted(name);
  cursor.SetSubject(subject);
  const auto rank = cursor.Number<uint8_t>("the rank");
  std::vector<int64_t> shape;
  for (int i = 0; i < rank; ++i) shape.push_back(cursor.Number<uint32_t>("the shape"));
  const auto [dtype, bytes] = ReadType(cursor, version);
  const std::string_view data = cursor.Bytes(bytes, "the data");
  const std::optional<int64_t> elements = CheckedProduct(shape);
  if (!elements || CheckedProduct({*elements, DTypeBytes(dtype)}) != static_cast<int64_t>(bytes)) {
    cursor.Fail("its shape " + ShapeString(shape) + " of " + DTypeName(dtype) + " does not fill its " +
                std::to_string(bytes) + " bytes exactly");
  }
  table.Add(name, dtype, std::move(shape), {HeldSource({owner, data})});
}

// As CTranslate2 does, the scale (and zero) of a quantised variable goes with it.
void ReadAlias(ByteCursor& cursor, TensorTable& table) {
  const std::string alias = ReadName(cursor, "the alias"), name = ReadName(cursor, "the variable of the alias");
  if (table.tensors().count(name) == 0) cursor.Fail("alias " + Quoted(alias) + " of the unknown " + Quoted(name));
  table.AddAlias(alias, name);
  for (const char* suffix : {"_scale", "_zero"}) {
    if (table.tensors().count(name + suffix) > 0 && table.tensors().count(alias + suffix) == 0) {
      table.AddAlias(alias + suffix, name + suffix);
    }
  }
}

}  // namespace

std::unique_ptr<CTranslate2Archive> OpenCTranslate2Binary(std::unique_ptr<ReadableFile> file, const std::string& path) {
  TensorTable table({path, kAdvice});
  const HeldBytes all = MappedSource(std::move(file)).get();
  const FileOrigin origin = table.origin();
  ByteCursor cursor(all.bytes, origin);
  const auto version = cursor.Number<uint32_t>("the binary version");
  if (version < kOldestVersion || version > kNewestVersion) {
    cursor.Fail("has binary version " + std::to_string(version) + ", expected " + std::to_string(kOldestVersion) +
                " to " + std::to_string(kNewestVersion));
  }
  std::string spec_name = ReadName(cursor, "the specification's name");
  const auto revision = cursor.Number<uint32_t>("the specification's revision");
  const auto variables = cursor.Number<uint32_t>("the number of variables");
  for (uint32_t i = 0; i < variables; ++i) {
    cursor.SetSubject("variable " + std::to_string(i) + " of " + std::to_string(variables));
    ReadVariable(cursor, version, all.owner, table);
  }
  cursor.SetSubject("");
  const uint32_t aliases = version >= 3 ? cursor.Number<uint32_t>("the number of aliases") : 0;
  for (uint32_t i = 0; i < aliases; ++i) ReadAlias(cursor, table);
  if (cursor.left() > 0) {
    cursor.Fail("its last variable ends at byte " + std::to_string(cursor.at()) + ", but " +
                std::to_string(cursor.left()) + " more follow");
  }
  return std::make_unique<CTranslate2Archive>(std::move(table), version, std::move(spec_name), revision);
}

std::unique_ptr<CTranslate2Archive> OpenCTranslate2Binary(FileSystem& files, const std::string& path) {
  return OpenCTranslate2Binary(files.Open(path), path);
}

}  // namespace dragoman
