// SPDX-License-Identifier: Apache-2.0
#include "text/charsmap_check.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/utf8.h"

namespace dragoman {
namespace {

// The library keeps at most this many matches of one walk on its stack, and reads past them when there are more.
constexpr int kMaxMatches = 32;
constexpr size_t kMaxReplacementBytes = 512;  // NFKC's longest replacement has 33
constexpr int kMaxDepth = 256;                // bytes of the longest rule's left side

// One 32-bit unit of the double array: the layout is darts-clone's.
struct Unit {
  uint32_t bits;
  uint32_t label() const { return bits & ((1u << 31) | 0xFF); }
  uint32_t offset() const { return (bits >> 10) << ((bits & (1u << 9)) >> 6); }
  bool has_leaf() const { return ((bits >> 8) & 1) != 0; }
  uint32_t value() const { return bits & ((1u << 31) - 1); }
};

// Walks every path from the root once, depth first. States may be shared between paths (the array may be a graph), so
// what is remembered for a state is the largest number of matches on any path from it.
class TrieWalk {
 public:
  TrieWalk(std::string_view trie, std::string_view replacements)
      : units_(trie.size() / sizeof(Unit)), matches_below_(units_.size(), kUnknown), replacements_(replacements) {
    std::memcpy(units_.data(), trie.data(), units_.size() * sizeof(Unit));
  }

  std::string FindFault() {
    Visit(0, 0);
    if (fault_.empty() && matches_below_[0] > kMaxMatches) fault_ = "more than 32 rules that begin alike";
    return fault_;
  }

 private:
  static constexpr int kUnknown = -1;
  static constexpr int kOnPath = -2;

  // Sets matches_below_[index] to the most matches any walk makes after having reached unit `index`.
  void Visit(uint32_t index, int depth) {
    if (depth > kMaxDepth) return Fail("a rule longer than 256 bytes");
    matches_below_[index] = kOnPath;
    const uint32_t base = index ^ units_[index].offset();
    // The library computes the address of all 256 children before it knows whether they exist. It reads child 0 as
    // the value of a match, and no text has a NUL byte, so children begin at 1.
    if ((base | 0xFF) >= units_.size()) return Fail("a trie unit that points outside the trie");
    int most = 0;
    for (uint32_t c = 1; c < 256; ++c) {
      const uint32_t child = base ^ c;
      if (units_[child].label() != c) continue;
      if (matches_below_[child] == kOnPath) return Fail("a cycle in the trie");
      if (matches_below_[child] == kUnknown) Visit(child, depth + 1);
      if (!fault_.empty()) return;
      int matches = matches_below_[child];
      if (units_[child].has_leaf()) {
        ++matches;
        if (!CheckValue(child)) return;
      }
      most = matches > most ? matches : most;
      if (most > kMaxMatches) return Fail("more than 32 rules that begin alike");
    }
    matches_below_[index] = most;
  }

  bool CheckValue(uint32_t index) {
    const uint32_t leaf = index ^ units_[index].offset();  // in range: Visit(index) has checked the whole block
    const uint32_t value = units_[leaf].value();
    if (value >= replacements_.size()) {
      Fail("a rule whose replacement lies outside the blob");
    } else if (IsUtf8Continuation(replacements_[value])) {
      Fail("a rule whose replacement begins inside a character");
    } else if (std::memchr(replacements_.data() + value, '\0', replacements_.size() - value) == nullptr ||
               std::strlen(replacements_.data() + value) > kMaxReplacementBytes) {
      Fail("a replacement longer than 512 bytes");
    }
    return fault_.empty();
  }

  void Fail(const char* what) {
    if (fault_.empty()) fault_ = what;
  }

  std::vector<Unit> units_;
  std::vector<int> matches_below_;
  std::string_view replacements_;  // NUL-terminated strings
  std::string fault_;
};

}  // namespace

std::string FindCharsmapFault(std::string_view blob) {
  if (blob.empty()) return "";
  uint32_t trie_bytes = 0;
  if (blob.size() <= sizeof(trie_bytes)) return "a blob of only " + std::to_string(blob.size()) + " bytes";
  std::memcpy(&trie_bytes, blob.data(), sizeof(trie_bytes));
  blob.remove_prefix(sizeof(trie_bytes));
  if (trie_bytes >= blob.size() || trie_bytes < 256 * sizeof(Unit) || trie_bytes % sizeof(Unit) != 0) {
    return "a trie size of " + std::to_string(trie_bytes) + " in a blob of " + std::to_string(blob.size());
  }
  const std::string_view replacements = blob.substr(trie_bytes);
  if (replacements.back() != '\0') return "a last replacement without its end";
  if (!IsValidUtf8(replacements)) return "replacements that are not UTF-8";
  return TrieWalk(blob.substr(0, trie_bytes), replacements).FindFault();
}

}  // namespace dragoman
