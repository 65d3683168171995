// SPDX-License-Identifier: Apache-2.0
#include "archive/pickle_reader.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "archive/byte_cursor.h"

namespace dragoman {
namespace {

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr size_t kMaxGlobalBytes = 200;

// The opcodes that a state dict is made of.
enum Opcode : uint8_t {
  kProto = 0x80,
  kStop = '.',
  kMark = '(',
  kPushNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kBinFloat = 'G',
  kBinUnicode = 'X',
  kEmptyTuple = ')',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kTuple = 't',
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kGlobal = 'c',
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
};

class Machine {
 public:
  Machine(std::string_view bytes, std::span<const std::string_view> allowed, const std::string& subject,
          const FileOrigin& origin)
      : cursor_(bytes, origin), allowed_(allowed) {
    cursor_.SetSubject(subject);
  }

  Pickle Run() {
    if (Byte() != kProto) Fail("is no pickle");
    const int protocol = Byte();
    if (protocol != 2) {
      Fail("is a pickle of protocol " + std::to_string(protocol) + ", expected 2, which torch.save uses by itself");
    }
    for (uint8_t opcode = Byte(); opcode != kStop; opcode = Byte()) Step(opcode);
    if (stack_.size() != 1 || !marks_.empty())
      Fail("leaves " + std::to_string(stack_.size()) + " objects, expected one");
    pickle_.root = stack_.front();
    pickle_.bytes = cursor_.at();
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    cursor_.Fail("the pickle " + what + " (before byte " + std::to_string(cursor_.at()) + ")");
  }
  uint8_t Byte() { return cursor_.Number<uint8_t>("the pickle's next step"); }

  void Step(uint8_t opcode);
  void PushLong();
  void PushGlobal();
  void PushCall();

  void Push(PickleNode node) {
    if (pickle_.nodes.size() == kMaxPickleNodes) Fail("has more than " + std::to_string(kMaxPickleNodes) + " objects");
    stack_.push_back(static_cast<PickleId>(pickle_.nodes.size()));
    pickle_.nodes.push_back(std::move(node));
  }
  void PushInteger(int64_t integer) { Push({PickleKind::kInteger, integer}); }
  void PushList(PickleKind kind, std::vector<PickleId> items) { Push({kind, 0, {}, std::move(items)}); }

  size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }  // below it, objects are out of reach
  PickleId Pop() { return Pop(1).front(); }
  std::vector<PickleId> Pop(size_t count) {
    if (stack_.size() - Floor() < count) Fail("takes an object that it has not made");
    std::vector<PickleId> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<PickleId> PopToMark() {
    if (marks_.empty()) Fail("takes all objects from a mark on, without a mark");
    std::vector<PickleId> items = Pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }
  PickleId Top() const {
    if (stack_.size() == Floor()) Fail("takes an object that it has not made");
    return stack_.back();
  }

  // Adds to the list or dict on top.
  void Extend(PickleKind kind, const std::vector<PickleId>& items) {
    PickleNode& node = pickle_.nodes[Top()];
    if (node.kind != kind) Fail(std::string("adds items to ") + PickleKindName(node.kind));
    if (kind == PickleKind::kDict && items.size() % 2 != 0) Fail("adds a key without a value");
    node.items.insert(node.items.end(), items.begin(), items.end());
  }

  void Put(uint32_t slot) {
    if (memo_.size() == kMaxPickleNodes) Fail("remembers more than " + std::to_string(kMaxPickleNodes) + " objects");
    memo_[slot] = Top();
  }
  void Get(uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) Fail("recalls object " + std::to_string(slot) + ", which it has not remembered");
    stack_.push_back(found->second);
  }

  ByteCursor cursor_;
  std::span<const std::string_view> allowed_;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::unordered_map<uint32_t, PickleId> memo_;
};

void Machine::Step(uint8_t opcode) {
  switch (opcode) {
    case kMark:
      return marks_.push_back(stack_.size());
    case kPushNone:
      return Push({PickleKind::kNone});
    case kNewTrue:
      return Push({PickleKind::kBool, 1});
    case kNewFalse:
      return Push({PickleKind::kBool, 0});
    case kBinInt:
      return PushInteger(cursor_.Number<int32_t>("an integer"));
    case kBinInt1:
      return PushInteger(cursor_.Number<uint8_t>("an integer"));
    case kBinInt2:
      return PushInteger(cursor_.Number<uint16_t>("an integer"));
    case kLong1:
      return PushLong();
    case kBinFloat:
      cursor_.Bytes(sizeof(double), "a number");  // in metadata only, which nobody asks for
      return Push({PickleKind::kFloat});
    case kBinUnicode:
      return Push({PickleKind::kText, 0, cursor_.Bytes(cursor_.Number<uint32_t>("a text's length"), "a text")});
    case kEmptyTuple:
      return PushList(PickleKind::kTuple, {});
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return PushList(PickleKind::kTuple, Pop(opcode - kTuple1 + 1));
    case kTuple:
      return PushList(PickleKind::kTuple, PopToMark());
    case kEmptyList:
      return PushList(PickleKind::kList, {});
    case kAppend:
      return Extend(PickleKind::kList, Pop(1));
    case kAppends:
      return Extend(PickleKind::kList, PopToMark());
    case kEmptyDict:
      return PushList(PickleKind::kDict, {});
    case kSetItem:
      return Extend(PickleKind::kDict, Pop(2));
    case kSetItems:
      return Extend(PickleKind::kDict, PopToMark());
    case kBinPut:
      return Put(cursor_.Number<uint8_t>("a place"));
    case kLongBinPut:
      return Put(cursor_.Number<uint32_t>("a place"));
    case kBinGet:
      return Get(cursor_.Number<uint8_t>("a place"));
    case kLongBinGet:
      return Get(cursor_.Number<uint32_t>("a place"));
    case kGlobal:
      return PushGlobal();
    case kReduce:
      return PushCall();
    case kBuild:
      Pop();
      Top();
      return;
    case kBinPersId:
      return PushList(PickleKind::kPersistent, Pop(1));
    default:
      Fail("has a step of code " + std::to_string(opcode) + ", which no state dict has");
  }
}

// Two's complement, little-endian, of as few bytes as will do.
void Machine::PushLong() {
  const auto length = cursor_.Number<uint8_t>("an integer's length");
  if (length > sizeof(int64_t)) Fail("has an integer of " + std::to_string(length) + " bytes, expected at most 8");
  const std::string_view bytes = cursor_.Bytes(length, "an integer");
  int64_t value = !bytes.empty() && static_cast<unsigned char>(bytes.back()) >= 0x80 ? -1 : 0;
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
  PushInteger(value);
}

void Machine::PushGlobal() {
  const std::string_view module = cursor_.Until('\n', "a global's module"),
                         name = cursor_.Until('\n', "a global's name");
  const std::string global =
      std::string(module.substr(0, kMaxGlobalBytes)) + "." + std::string(name.substr(0, kMaxGlobalBytes));
  const auto found = std::find(allowed_.begin(), allowed_.end(), global);
  if (found == allowed_.end() && global != kOrderedDict) {
    Fail("makes use of Python's " + Quoted(global) + ", expected a state dict, a dict of nothing but tensors");
  }
  Push({PickleKind::kGlobal, 0, found != allowed_.end() ? *found : kOrderedDict});
}

void Machine::PushCall() {
  std::vector<PickleId> call = Pop(2);
  const PickleNode& function = pickle_.nodes[call[0]];
  const PickleNode& arguments = pickle_.nodes[call[1]];
  if (function.kind != PickleKind::kGlobal) Fail(std::string("calls ") + PickleKindName(function.kind));
  if (arguments.kind != PickleKind::kTuple) Fail("calls a function without a tuple of arguments");
  if (function.text != kOrderedDict) return PushList(PickleKind::kCall, std::move(call));
  if (!arguments.items.empty()) Fail("makes a dict of arguments, expected none");
  PushList(PickleKind::kDict, {});
}

}  // namespace

Pickle ReadPickle(std::string_view bytes, std::span<const std::string_view> allowed, const std::string& subject,
                  const FileOrigin& origin) {
  return Machine(bytes, allowed, subject, origin).Run();
}

const char* PickleKindName(PickleKind kind) {
  constexpr const char* kNames[] = {"None",     "a bool", "an integer", "a number",   "a text",
                                    "a tuple",  "a list", "a dict",     "a function", "a function's result",
                                    "a storage"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace dragoman
