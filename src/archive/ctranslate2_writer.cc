// SPDX-License-Identifier: Apache-2.0
#include "archive/ctranslate2_writer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "archive/tensor_table.h"
#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

constexpr uint32_t kVersion = 6;
constexpr std::array kDTypes = {DType::kF32, DType::kI8, DType::kI16, DType::kI32};  // in the order of their codes

template <typename T>
void AppendNumber(T number, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&number), sizeof number);
}

void AppendName(const std::string& name, std::string* bytes) {
  DRAGOMAN_CHECK(name.size() < std::numeric_limits<uint16_t>::max());
  AppendNumber(static_cast<uint16_t>(name.size() + 1), bytes);
  bytes->append(name).push_back('\0');
}

// Whichever of the two there is: an f32 attribute may come as its bytes.
std::string_view DataOf(const TensorView& variable) {
  return variable.data.empty() ? variable.bytes : BytesOf(variable.data);
}

// What stands before a variable's numbers.
std::string HeadOf(const TensorView& variable) {
  const auto dtype = std::ranges::find(kDTypes, variable.dtype);
  DRAGOMAN_CHECK(dtype != kDTypes.end());
  const size_t bytes = DataOf(variable).size();
  if (bytes > std::numeric_limits<uint32_t>::max()) {
    throw OptionError("\"" + variable.name + "\" has " + std::to_string(bytes) +
                      " bytes, expected less than 4 GiB, which is all that CTranslate2's files have room for in one "
                      "tensor; take another target");
  }
  std::string head;
  AppendName(variable.name, &head);
  AppendNumber(static_cast<uint8_t>(variable.shape.size()), &head);
  int64_t elements = 1;
  for (const int64_t size : variable.shape) {
    AppendNumber(static_cast<uint32_t>(size), &head);
    elements *= size;
  }
  DRAGOMAN_CHECK(static_cast<int64_t>(bytes) == elements * DTypeBytes(variable.dtype));
  AppendNumber(static_cast<uint8_t>(dtype - kDTypes.begin()), &head);
  AppendNumber(static_cast<uint32_t>(bytes), &head);
  return head;
}

}  // namespace

void WriteCTranslate2Binary(const CTranslate2Contents& contents, WritableFile& file) {
  std::vector<TensorView> variables = contents.variables;
  std::ranges::sort(variables, {}, &TensorView::name);
  auto aliases = contents.aliases;
  std::ranges::sort(aliases);
  std::string head;
  AppendNumber(kVersion, &head);
  AppendName(contents.spec_name, &head);
  AppendNumber(contents.spec_revision, &head);
  AppendNumber(static_cast<uint32_t>(variables.size()), &head);
  file.Append(head);
  for (const TensorView& variable : variables) {
    file.Append(HeadOf(variable));
    file.Append(DataOf(variable));
  }
  std::string tail;
  AppendNumber(static_cast<uint32_t>(aliases.size()), &tail);
  for (const auto& [alias, name] : aliases) {
    AppendName(alias, &tail);
    AppendName(name, &tail);
  }
  file.Append(tail);
}

}  // namespace dragoman
