// SPDX-License-Identifier: Apache-2.0
#include "archive/shard_index.h"

#include <map>
#include <set>
#include <utility>

#include "base/json.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxIndexBytes = int64_t{1} << 26;  // a million tensors
constexpr char kAdvice[] = "take the index and all files that it names from one place";

// Which tensors each file has.
std::map<std::string, std::set<std::string>> ReadWeightMap(FileSystem& files, const std::string& path) {
  const JsonDocument document(ReadFile(files, path, kMaxIndexBytes), {path, kAdvice});
  const JsonObject weight_map = document.root().Object("an index of tensors").At("weight_map").Object("weight_map");
  std::map<std::string, std::set<std::string>> shards;
  for (const JsonObject::Member& member : weight_map.members()) {
    const std::string file = member.value.String("the file of tensor " + Quoted(member.key));
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos ||
        file.find('\0') != std::string::npos) {
      member.value.FailExpecting("the file of tensor " + Quoted(member.key), "the name of a file beside the index");
    }
    shards[file].insert(member.key);
  }
  return shards;
}

}  // namespace

bool IsShardIndex(const std::string& path) { return path.ends_with(".index.json"); }

TensorTable ReadShards(FileSystem& files, const std::string& path,
                       const std::function<TensorTable(const std::string& path)>& read) {
  TensorTable table({path, kAdvice});
  for (const auto& [file, names] : ReadWeightMap(files, path)) {
    const std::string shard = JoinPath(ParentDirectory(path), file);
    if (!files.Exists(shard)) table.origin().Fail("names the file " + Quoted(file) + ", which is not beside it");
    table.Merge(read(shard), names);
  }
  return table;
}

}  // namespace dragoman
