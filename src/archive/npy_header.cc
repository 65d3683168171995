// SPDX-License-Identifier: Apache-2.0
#include "archive/npy_header.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "archive/byte_cursor.h"
#include "archive/tensor_table.h"
#include "base/check.h"

namespace dragoman {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

constexpr std::pair<std::string_view, DType> kDTypes[] = {
    {"b1", DType::kBool}, {"i1", DType::kI8},  {"i2", DType::kI16}, {"i4", DType::kI32},
    {"i8", DType::kI64},  {"u1", DType::kU8},  {"u2", DType::kU16}, {"u4", DType::kU32},
    {"u8", DType::kU64},  {"f2", DType::kF16}, {"f4", DType::kF32}, {"f8", DType::kF64}};

// The dictionary, as much of Python's grammar as NumPy, and Marian's cnpy, write.
class DictionaryReader {
 public:
  DictionaryReader(std::string_view text, const std::string& subject, const FileOrigin& origin)
      : text_(text), subject_(subject), origin_(origin) {}

  NpyHeader Read() {
    Expect('{');
    while (!Accept('}')) {
      const std::string_view key = String();
      Expect(':');
      ReadValue(key);
      if (!Accept(',') && Next() != '}') Fail("',' or '}'");
    }
    if (Next() != '\0' || at_ != text_.size()) Fail("an end after '}'");
    if (!dtype_ || !fortran_order_ || !shape_) Fail("the keys descr, fortran_order and shape");
    return {*dtype_, std::move(*shape_), *fortran_order_};
  }

 private:
  [[noreturn]] void Fail(const std::string& expected) const {
    origin_.Fail(subject_ + ": its header is " + Quoted(text_) + ", expected " + expected + " at byte " +
                 std::to_string(at_) + " of it");
  }

  // The next character that is not blank; NUL at the end.
  char Next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Accept(char c) {
    if (Next() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void Expect(char c) {
    if (!Accept(c)) Fail("'" + std::string(1, c) + "'");
  }

  std::string_view String() {
    const char quote = Next();
    const size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) Fail("a string");
    const std::string_view string = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return string;
  }

  bool AcceptWord(std::string_view word) {
    Next();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void ReadValue(std::string_view key) {
    if (key == "descr" && !dtype_) {
      if (Next() == '[') Fail("the dtype of plain numbers, no record");
      dtype_ = ParseDType(String());
    } else if (key == "fortran_order" && !fortran_order_) {
      fortran_order_ = AcceptWord("True");
      if (!*fortran_order_ && !AcceptWord("False")) Fail("True or False");
    } else if (key == "shape" && !shape_) {
      shape_ = ReadShape();
    } else {
      Fail("each of the keys descr, fortran_order and shape once");
    }
  }

  // "<f4": byte order ('|' where there is none), kind, bytes.
  DType ParseDType(std::string_view descr) const {
    for (const auto& [name, dtype] : kDTypes) {
      if (descr.size() != 3 || descr.substr(1) != name) continue;
      if (descr[0] == '<' || descr[0] == '=' || (descr[0] == '|' && name[1] == '1')) return dtype;
    }
    origin_.Fail(subject_ + ": the dtype is " + Quoted(descr) +
                 ", expected little-endian numbers (such as \"<f4\" or \"<i8\"); save it as such with NumPy");
  }

  std::vector<int64_t> ReadShape() {
    std::vector<int64_t> shape;
    Expect('(');
    while (!Accept(')')) {
      Next();
      int64_t size = 0;
      const char* end = text_.data() + text_.size();
      const auto [rest, error] = std::from_chars(text_.data() + at_, end, size);
      if (error != std::errc() || size < 0) Fail("a size");
      at_ = static_cast<size_t>(rest - text_.data());
      AcceptWord("L");  // Python 2's
      shape.push_back(size);
      if (!Accept(',') && Next() != ')') Fail("',' or ')'");
    }
    return shape;
  }

  std::string_view text_;
  const std::string& subject_;
  const FileOrigin& origin_;
  size_t at_ = 0;
  std::optional<DType> dtype_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<int64_t>> shape_;
};

}  // namespace

NpyHeader ParseNpyHeader(std::string_view head, const std::string& subject, const FileOrigin& origin) {
  ByteCursor cursor(head, origin);
  cursor.SetSubject(subject);
  if (!head.starts_with(kMagic)) cursor.Fail("does not begin as a .npy does");
  cursor.Bytes(kMagic.size(), "");
  const auto major = cursor.Number<uint8_t>("the version"), minor = cursor.Number<uint8_t>("the version");
  if (major < 1 || major > 3 || minor != 0) {
    cursor.Fail(".npy version " + std::to_string(major) + "." + std::to_string(minor) + ", expected 1.0, 2.0 or 3.0");
  }
  const uint64_t length =
      major == 1 ? cursor.Number<uint16_t>("the header's length") : cursor.Number<uint32_t>("the header's length");
  if (length > static_cast<uint64_t>(kMaxNpyHeaderBytes) - 12) {
    cursor.Fail("its header claims " + std::to_string(length) + " bytes, expected at most 10000");
  }
  NpyHeader header = DictionaryReader(cursor.Bytes(length, "the header"), subject, origin).Read();
  header.bytes = static_cast<int64_t>(cursor.at());
  return header;
}

std::string NpyHeaderOf(DType dtype, const std::vector<int64_t>& shape) {
  const auto* const found = std::ranges::find(kDTypes, dtype, &std::pair<std::string_view, DType>::second);
  DRAGOMAN_CHECK(found != std::end(kDTypes));
  std::string dictionary = "{'descr': '";
  dictionary.push_back(DTypeBytes(dtype) == 1 ? '|' : '<');
  dictionary.append(found->first).append("', 'fortran_order': False, 'shape': (");
  for (size_t i = 0; i < shape.size(); ++i) {
    dictionary += (i > 0 ? " " : "") + std::to_string(shape[i]) + (i + 1 < shape.size() || i == 0 ? "," : "");
  }
  dictionary += "), }";
  constexpr size_t kAlignment = 64;
  const size_t before = kMagic.size() + 4;  // version and length
  dictionary.resize((before + dictionary.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - before, ' ');
  dictionary.back() = '\n';
  DRAGOMAN_CHECK(dictionary.size() < 65536);
  std::string header(kMagic);
  header.append({'\1', '\0', static_cast<char>(dictionary.size() & 0xFF), static_cast<char>(dictionary.size() >> 8)});
  return header + dictionary;
}

}  // namespace dragoman
