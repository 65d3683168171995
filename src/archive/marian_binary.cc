// SPDX-License-Identifier: Apache-2.0
// Marian's binary model files, as src/common/binary.cpp of marian-dev and of browsermt's fork (Bergamot, Firefox) write
// them:
//   u64 version 1, u64 tensors; of each: u64 bytes of its name, u64 type, u64 sizes in its shape, u64 bytes of its data
//   the names, each with a NUL at its end; the shapes, i32; u64 n and n bytes, so that the data is aligned; the data
// Each tensor's data is padded to 256 bytes. A type is a set of flags and the bytes of a number (src/common/types.h).
#include <cmath>
#include <cstring>
#include <utility>

#include "archive/byte_cursor.h"
#include "archive/tensor_archive.h"
#include "archive/tensor_table.h"
#include "base/checked_size.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] =
    "the file is damaged or no model of Marian's: make it again with marian-conv, or fetch it again";
constexpr char kConvert[] = "take the .npz that it was made of, or make a file of float32 of that with marian-conv";

// Integers in a file for any processor are as intgemm takes its right factor: transposed, so of a tensor of shape
// [rows, cols] number (r, c) is at c * rows + r; f32, the multiplier, stands behind the last of them
// (expression_graph_packable.h, prepareAndTransposeB in integer_common.h). browsermt's fork, which has a type code of
// its own for them, quantises embeddings, too, all those with "Wemb" in their names, and leaves these as they were
// (unquantizeWemb).
enum class Layout { kPlain, kTransposed, kTransposedButEmbeddings, kPacked };

struct MarianType {
  uint64_t code;
  const char* name;
  DType dtype;
  Layout layout = Layout::kPlain;
};
constexpr MarianType kTypes[] = {
    {0x0101, "int8", DType::kI8},
    {0x0102, "int16", DType::kI16},
    {0x0104, "int32", DType::kI32},
    {0x0108, "int64", DType::kI64},
    {0x0201, "uint8", DType::kU8},
    {0x0202, "uint16", DType::kU16},
    {0x0204, "uint32", DType::kU32},
    {0x0208, "uint64", DType::kU64},
    {0x0402, "float16", DType::kF16},
    {0x0404, "float32", DType::kF32},
    {0x0408, "float64", DType::kF64},
    {0x10001, "intgemm8", DType::kI8, Layout::kTransposed},
    {0x10002, "intgemm16", DType::kI16, Layout::kTransposed},
    {0x4101, "intgemm8", DType::kI8, Layout::kTransposedButEmbeddings},
    {0x4102, "intgemm16", DType::kI16, Layout::kTransposedButEmbeddings},
    {0x0802, "packed16", DType::kU8, Layout::kPacked},
    {0x1801, "packed8avx2", DType::kU8, Layout::kPacked},
    {0x2801, "packed8avx512", DType::kU8, Layout::kPacked},
    {0x18001, "intgemm8ssse3", DType::kU8, Layout::kPacked},
    {0x11001, "intgemm8avx2", DType::kU8, Layout::kPacked},
    {0x12001, "intgemm8avx512", DType::kU8, Layout::kPacked},
    {0x13001, "intgemm8avx512vnni", DType::kU8, Layout::kPacked},
    {0x14002, "intgemm16sse2", DType::kU8, Layout::kPacked},
    {0x11002, "intgemm16avx2", DType::kU8, Layout::kPacked},
    {0x12002, "intgemm16avx512", DType::kU8, Layout::kPacked},
};

struct Header {  // as it lies in the file
  uint64_t name_bytes;
  uint64_t type;
  uint64_t rank;
  uint64_t data_bytes;
};

struct Item {
  Header header;
  std::string name;
  std::vector<int64_t> shape;
};

const MarianType& TypeOf(const Item& item, const FileOrigin& origin) {
  const std::string subject = "tensor " + Quoted(item.name);
  for (const MarianType& type : kTypes) {
    if (type.code != item.header.type) continue;
    if (type.layout == Layout::kPacked) {
      FileOrigin{origin.path, kConvert}.Fail(subject + " is packed for one kind of processor, as " + type.name);
    }
    return type;
  }
  origin.Fail(subject + " has the unknown type " + std::to_string(item.header.type));
}

// Of a matrix that lies transposed: all indices but the last count rows.
std::vector<int64_t> TransposedStrides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t rows = 1;
  for (size_t i = shape.size() - 1; i-- > 0;) {
    strides[i] = rows;
    rows *= shape[i];
  }
  strides.back() = rows;
  return strides;
}

std::vector<Item> ReadHeader(ByteCursor& cursor, const std::string& path) {
  const auto version = cursor.Number<uint64_t>("the version");
  if (version == 2) FileOrigin{path, kConvert}.Fail("is encrypted, which is not read here");
  if (version != 1) cursor.Fail("has version " + std::to_string(version) + ", expected 1");
  const auto count = cursor.Number<uint64_t>("the number of tensors");
  if (count > cursor.left() / sizeof(Header)) {
    cursor.Fail("has " + std::to_string(count) + " tensors by its header, expected at most " +
                std::to_string(cursor.left() / sizeof(Header)) + " in a file of this length");
  }
  std::vector<Item> items(count);
  for (Item& item : items) item.header = cursor.Number<Header>("the list of tensors");
  for (size_t i = 0; i < items.size(); ++i) {
    cursor.SetSubject("tensor " + std::to_string(i));
    const std::string_view name = cursor.Bytes(items[i].header.name_bytes, "the name");
    if (name.empty() || name.find('\0') != name.size() - 1)
      cursor.Fail("the name " + Quoted(name) + " does not end with its one NUL");
    items[i].name = name.substr(0, name.size() - 1);
  }
  for (Item& item : items) {
    cursor.SetSubject("tensor " + Quoted(item.name));
    const uint64_t bytes =
        item.header.rank < UINT64_MAX / sizeof(int32_t) ? item.header.rank * sizeof(int32_t) : UINT64_MAX;
    const std::string_view shape = cursor.Bytes(bytes, "the shape");
    for (size_t at = 0; at < shape.size(); at += sizeof(int32_t)) {
      int32_t size = 0;
      std::memcpy(&size, shape.data() + at, sizeof size);
      item.shape.push_back(size);
    }
  }
  cursor.SetSubject("");
  cursor.Bytes(cursor.Number<uint64_t>("the padding's length"), "the padding");
  return items;
}

// Integers stand for floats times a number, which stands behind `before` bytes of data.
float MultiplierOf(std::string_view data, int64_t before, const std::string& subject, const FileOrigin& origin) {
  ByteCursor cursor(data, origin);
  cursor.SetSubject(subject);
  cursor.Bytes(static_cast<uint64_t>(before), "the numbers");
  const auto multiplier = cursor.Number<float>("the multiplier");
  if (!(multiplier > 0) || !std::isfinite(multiplier)) {
    cursor.Fail("the multiplier is " + std::to_string(multiplier) + ", expected a positive number");
  }
  return multiplier;
}

// The tensor's own part of the file is its source, so that it cannot reach into the next one's.
void AddItem(const Item& item, const HeldBytes& data, TensorTable& table) {
  const MarianType& type = TypeOf(item, table.origin());
  TensorPlace place{HeldSource(data)};
  const std::optional<int64_t> elements = CheckedProduct(item.shape);
  std::optional<float> multiplier;
  if (type.layout != Layout::kPlain && elements.value_or(0) > 0 && item.shape.size() <= kMaxTensorRank) {
    const std::optional<int64_t> bytes = CheckedProduct({*elements, DTypeBytes(type.dtype)});
    if (bytes && *bytes <= place.source.size) {  // else Add says so
      multiplier = MultiplierOf(data.bytes, *bytes, "tensor " + Quoted(item.name), table.origin());
    }
    const bool is_embedding =
        type.layout == Layout::kTransposedButEmbeddings && item.name.find("Wemb") != std::string::npos;
    if (!is_embedding && item.shape.size() > 1) place.strides = TransposedStrides(item.shape);
  }
  table.Add(item.name, type.dtype, item.shape, std::move(place), multiplier);
}

}  // namespace

std::unique_ptr<TensorArchive> OpenMarianBinary(std::unique_ptr<ReadableFile> file, const std::string& path) {
  TensorTable table({path, kAdvice});
  const HeldBytes all = MappedSource(std::move(file)).get();
  const FileOrigin origin = table.origin();
  ByteCursor cursor(all.bytes, origin);
  for (const Item& item : ReadHeader(cursor, path)) {
    cursor.SetSubject("tensor " + Quoted(item.name));
    AddItem(item, {all.owner, cursor.Bytes(item.header.data_bytes, "the data")}, table);
  }
  cursor.SetSubject("");
  if (cursor.left() > 0) {
    cursor.Fail("its tensors end at byte " + std::to_string(cursor.at()) + ", but " + std::to_string(cursor.left()) +
                " more follow");
  }
  return std::make_unique<TensorArchive>(std::move(table));
}

std::unique_ptr<TensorArchive> OpenMarianBinary(FileSystem& files, const std::string& path) {
  return OpenMarianBinary(files.Open(path), path);
}

}  // namespace dragoman
