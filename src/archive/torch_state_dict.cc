// SPDX-License-Identifier: Apache-2.0
// Source: torch/serialization.py (persistent_id of _save and _legacy_save) and torch/_utils.py (_rebuild_tensor_v2,
// _rebuild_parameter).
#include "archive/torch_state_dict.h"

#include <set>
#include <utility>

#include "archive/tensor_table.h"
#include "base/checked_size.h"

namespace dragoman {
namespace {

constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kAllowed[] = {kRebuildTensor,       kRebuildParameter,   "torch.DoubleStorage",
                                         "torch.FloatStorage", "torch.HalfStorage", "torch.BFloat16Storage",
                                         "torch.LongStorage",  "torch.IntStorage",  "torch.ShortStorage",
                                         "torch.CharStorage",  "torch.ByteStorage", "torch.BoolStorage"};
constexpr std::pair<std::string_view, DType> kStorageTypes[] = {
    {"torch.DoubleStorage", DType::kF64},    {"torch.FloatStorage", DType::kF32}, {"torch.HalfStorage", DType::kF16},
    {"torch.BFloat16Storage", DType::kBF16}, {"torch.LongStorage", DType::kI64},  {"torch.IntStorage", DType::kI32},
    {"torch.ShortStorage", DType::kI16},     {"torch.CharStorage", DType::kI8},   {"torch.ByteStorage", DType::kU8},
    {"torch.BoolStorage", DType::kBool}};

constexpr size_t kMaxKeyBytes = 100;  // a number's digits

// One tensor of the dict. An object of the pickle may be part of any number of tensors, each of which copies only what
// is small.
class TensorReader {
 public:
  TensorReader(const Pickle& pickle, std::string name, const FileOrigin& origin, TorchStateDict& state)
      : pickle_(pickle), name_(std::move(name)), origin_(origin), state_(state) {}

  void Read(PickleId id) {
    const PickleNode* arguments = Arguments(id);
    if (pickle_[pickle_[id].items[0]].text == kRebuildParameter) {  // (tensor, requires_grad, hooks)
      if (arguments->items.empty()) Fail("a parameter without a tensor");
      id = arguments->items[0];
      arguments = Arguments(id);
    }
    if (pickle_[pickle_[id].items[0]].text != kRebuildTensor) Fail("what is called is no tensor");
    // (storage, offset, size, stride, requires_grad, backward hooks)
    if (arguments->items.size() != 6) {
      Fail("made of " + std::to_string(arguments->items.size()) + " arguments, expected 6: a plain tensor");
    }
    TorchTensor tensor;
    tensor.name = name_;
    tensor.storage = ReadStorage(arguments->items[0]);
    tensor.offset = Integer(arguments->items[1], "offset");
    tensor.shape = Integers(arguments->items[2], "size");
    tensor.strides = Integers(arguments->items[3], "stride");
    if (tensor.shape.size() != tensor.strides.size()) Fail("its size and its stride differ in length");
    state_.tensors.push_back(std::move(tensor));
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const { origin_.Fail("tensor " + Quoted(name_) + ": " + what); }

  // Of the call that `id` is.
  const PickleNode* Arguments(PickleId id) const {
    const PickleNode& node = pickle_[id];
    if (node.kind != PickleKind::kCall) Fail(std::string("is ") + PickleKindName(node.kind) + ", expected a tensor");
    return &pickle_[node.items[1]];
  }
  const PickleNode& Expect(PickleId id, PickleKind kind, const char* what) const {
    const PickleNode& node = pickle_[id];
    if (node.kind != kind) {
      Fail(std::string("its ") + what + " is " + PickleKindName(node.kind) + ", expected " + PickleKindName(kind));
    }
    return node;
  }
  int64_t Integer(PickleId id, const char* what) const { return Expect(id, PickleKind::kInteger, what).integer; }
  std::vector<int64_t> Integers(PickleId id, const char* what) const {
    const std::vector<PickleId>& items = Expect(id, PickleKind::kTuple, what).items;
    if (items.size() > kMaxTensorRank) {
      Fail(std::string("its ") + what + " has " + std::to_string(items.size()) + " numbers, expected at most " +
           std::to_string(kMaxTensorRank));
    }
    std::vector<int64_t> integers;
    for (const PickleId item : items) integers.push_back(Integer(item, what));
    return integers;
  }

  // ("storage", type, key, device, numbers), and None from the stream of pickles. Returns the key.
  std::string ReadStorage(PickleId id) {
    const PickleNode& persistent = Expect(id, PickleKind::kPersistent, "first argument");
    const std::vector<PickleId>& items = Expect(persistent.items[0], PickleKind::kTuple, "storage's id").items;
    if (items.size() == 6 && pickle_[items[5]].kind != PickleKind::kNone) {
      Fail("its storage is a view of another, as before PyTorch 0.4; load it and save it again with a newer one");
    }
    if (items.size() < 5 || items.size() > 6) Fail("its storage's id has " + std::to_string(items.size()) + " parts");
    if (Expect(items[0], PickleKind::kText, "storage's kind").text != "storage") Fail("its storage is none");
    const std::string_view type = Expect(items[1], PickleKind::kGlobal, "storage's type").text;
    const std::string_view key_text = Expect(items[2], PickleKind::kText, "storage's key").text;
    if (key_text.size() > kMaxKeyBytes) Fail("its storage's key has " + std::to_string(key_text.size()) + " bytes");
    std::string key(key_text);
    TorchStorage storage{DTypeOf(type), Integer(items[4], "storage's length")};
    const std::optional<int64_t> bytes = CheckedProduct({storage.numbers, DTypeBytes(storage.dtype)});
    if (!bytes) Fail("its storage has " + std::to_string(storage.numbers) + " numbers");
    storage.bytes = *bytes;
    const auto [known, is_new] = state_.storages.emplace(key, storage);
    if (!is_new && (known->second.dtype != storage.dtype || known->second.numbers != storage.numbers)) {
      Fail("its storage " + Quoted(key) + " has another dtype or length than in an earlier tensor");
    }
    return key;
  }

  DType DTypeOf(std::string_view type) const {
    for (const auto& [name, dtype] : kStorageTypes) {
      if (name == type) return dtype;
    }
    Fail("its storage's type is " + Quoted(type));
  }

  const Pickle& pickle_;
  std::string name_;
  const FileOrigin& origin_;
  TorchStateDict& state_;
};

}  // namespace

TorchStateDict ReadTorchStateDict(std::string_view bytes, const FileOrigin& origin) {
  const Pickle pickle = ReadPickle(bytes, kAllowed, "", origin);
  const PickleNode& root = pickle[pickle.root];
  if (root.kind != PickleKind::kDict) {
    origin.Fail(std::string("holds ") + PickleKindName(root.kind) + ", expected a state dict");
  }
  TorchStateDict state;
  state.pickle_bytes = pickle.bytes;
  std::set<std::string_view> names;
  for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const PickleNode& key = pickle[root.items[i]];
    if (key.kind != PickleKind::kText) {
      origin.Fail(std::string("its dict has ") + PickleKindName(key.kind) +
                  " for a key, expected the name of a tensor");
    }
    if (!names.insert(key.text).second) origin.Fail("tensor " + Quoted(key.text) + " is there twice");
    const PickleNode& value = pickle[root.items[i + 1]];
    if (value.kind == PickleKind::kDict) {
      FileOrigin{origin.path, "save this dict alone, if it is the model's weights: torch.save(checkpoint[KEY], FILE)"}
          .Fail("the value of key " + Quoted(key.text) + " is a dict, expected a tensor");
    }
    TensorReader(pickle, std::string(key.text), origin, state).Read(root.items[i + 1]);
  }
  return state;
}

}  // namespace dragoman
