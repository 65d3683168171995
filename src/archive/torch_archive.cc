// SPDX-License-Identifier: Apache-2.0
// The two forms of torch.save's files (torch/serialization.py):
//   a zip: NAME/data.pkl, the pickle; NAME/data/KEY, a storage's numbers; NAME/byteorder and others;
//   before PyTorch 1.6 a stream: pickles of a magic number, of 1001, of facts about the system, and of the object; a
//   pickle of the storages' keys; and of each, in that order, i64 numbers and these.
#include <algorithm>
#include <map>
#include <utility>

#include "archive/byte_cursor.h"
#include "archive/shard_index.h"
#include "archive/tensor_archive.h"
#include "archive/tensor_table.h"
#include "archive/torch_state_dict.h"
#include "archive/zip_file.h"
#include "archive/zip_source.h"
#include "base/checked_size.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] =
    "the file is damaged or no state dict: save it again with torch.save(model.state_dict(), FILE), or fetch it again";
constexpr std::string_view kZipBegin = "PK\3\4";
// The pickle of 0x1950a86a20f9469cfc6c, and that of 1001.
constexpr std::string_view kStreamBegin("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.",
                                        21);

using Storages = std::map<std::string, ByteSource>;  // by key; just the numbers

TensorTable MakeTable(const TorchStateDict& state, const Storages& storages, const FileOrigin& origin) {
  TensorTable table(origin);
  for (const TorchTensor& tensor : state.tensors) {
    const DType dtype = state.storages.at(tensor.storage).dtype;
    const std::optional<int64_t> begin = CheckedProduct({tensor.offset, DTypeBytes(dtype)});
    if (!begin) origin.Fail("tensor " + Quoted(tensor.name) + " begins at number " + std::to_string(tensor.offset));
    table.Add(tensor.name, dtype, tensor.shape, {storages.at(tensor.storage), *begin, tensor.strides});
  }
  return table;
}

// "NAME/" of NAME/data.pkl.
std::string FindPrefix(const ZipFile& zip, const FileOrigin& origin) {
  constexpr std::string_view kPickle = "data.pkl";
  std::vector<std::string> prefixes;
  for (const auto& [name, member] : zip.members()) {
    if (FileName(name) == kPickle) prefixes.push_back(name.substr(0, name.size() - kPickle.size()));
  }
  if (prefixes.size() != 1) {
    origin.Fail("is a zip of " + std::to_string(prefixes.size()) + " files data.pkl, expected one");
  }
  if (zip.Has(prefixes[0] + "constants.pkl")) {
    origin.Fail("is a TorchScript program, expected a state dict");
  }
  return prefixes[0];
}

TensorTable ReadZip(std::unique_ptr<ReadableFile> file, const FileOrigin& origin) {
  const auto zip = std::make_shared<const ZipFile>(std::move(file), origin.path, origin.advice);
  const std::string prefix = FindPrefix(*zip, origin);
  if (zip->Has(prefix + "byteorder") && zip->Read(prefix + "byteorder", 100) != "little") {
    origin.Fail("was written on a big-endian machine, expected little-endian numbers");
  }
  const std::string pickle = zip->Read(prefix + "data.pkl", kMaxPickleBytes);
  const TorchStateDict state = ReadTorchStateDict(pickle, origin);
  const std::string folder = prefix + "data/";
  Storages storages;
  for (const auto& [key, storage] : state.storages) {
    const std::string name = folder + key;
    const int64_t bytes = zip->Find(name).size;
    if (bytes != storage.bytes) {
      origin.Fail("member " + Quoted(name) + " has " + std::to_string(bytes) + " bytes, expected " +
                  std::to_string(storage.numbers) + " numbers of " + DTypeName(storage.dtype));
    }
    storages.emplace(key, MemberSource(zip, name));
  }
  return MakeTable(state, storages, origin);
}

// The pickle that comes next in the stream. It holds views of the stream.
Pickle NextPickle(ByteCursor& stream, std::string_view all, const std::string& subject, const FileOrigin& origin) {
  Pickle pickle = ReadPickle(all.substr(stream.at(), kMaxPickleBytes), {}, subject, origin);
  stream.Bytes(pickle.bytes, subject);
  return pickle;
}

void CheckSystem(const Pickle& pickle, const FileOrigin& origin) {
  const PickleNode& root = pickle[pickle.root];
  for (size_t i = 0; root.kind == PickleKind::kDict && i + 1 < root.items.size(); i += 2) {
    const PickleNode& value = pickle[root.items[i + 1]];
    if (pickle[root.items[i]].text == "little_endian" && value.kind == PickleKind::kBool && value.integer == 1) return;
  }
  origin.Fail("does not say that it was written on a little-endian machine, as expected");
}

TensorTable ReadStream(std::unique_ptr<ReadableFile> file, const FileOrigin& origin) {
  const HeldBytes all = MappedSource(std::move(file)).get();
  ByteCursor stream(all.bytes, origin);
  stream.Bytes(kStreamBegin.size(), "the beginning");
  CheckSystem(NextPickle(stream, all.bytes, "the facts about the system", origin), origin);
  const TorchStateDict state = ReadTorchStateDict(all.bytes.substr(stream.at(), kMaxPickleBytes), origin);
  stream.Bytes(state.pickle_bytes, "the state dict");
  const Pickle keys = NextPickle(stream, all.bytes, "the list of storages", origin);
  if (keys[keys.root].kind != PickleKind::kList) origin.Fail("has no list of its storages");
  Storages storages;
  for (const PickleId id : keys[keys.root].items) {
    const std::string key(keys[id].text);
    stream.SetSubject("storage " + Quoted(key));
    const auto known = state.storages.find(key);
    if (known == state.storages.end()) stream.Fail("is that of no tensor");
    const auto numbers = stream.Number<int64_t>("its length");
    if (numbers != known->second.numbers) {
      stream.Fail("has " + std::to_string(numbers) + " numbers, expected " + std::to_string(known->second.numbers));
    }
    const std::string_view data = stream.Bytes(static_cast<uint64_t>(known->second.bytes), "its numbers");
    if (!storages.emplace(key, HeldSource({all.owner, data})).second) stream.Fail("is there twice");
  }
  stream.SetSubject("");
  for (const auto& [key, storage] : state.storages) {
    if (storages.count(key) == 0) origin.Fail("has no storage " + Quoted(key) + ", which a tensor is a view of");
  }
  if (stream.left() > 0) {
    stream.Fail("its last storage ends at byte " + std::to_string(stream.at()) + ", but " +
                std::to_string(stream.left()) + " more follow");
  }
  return MakeTable(state, storages, origin);
}

TensorTable ReadTable(std::unique_ptr<ReadableFile> file, const std::string& path) {
  const FileOrigin origin{path, kAdvice};
  std::string begin(static_cast<size_t>(std::min<int64_t>(kStreamBegin.size(), file->size())), '\0');
  file->Read(0, begin);
  if (begin.starts_with(kZipBegin)) return ReadZip(std::move(file), origin);
  if (begin == kStreamBegin) return ReadStream(std::move(file), origin);
  origin.Fail("begins with " + Quoted(begin.substr(0, kZipBegin.size())) + ", expected what torch.save writes");
}

}  // namespace

std::unique_ptr<TensorArchive> OpenTorchArchive(std::unique_ptr<ReadableFile> file, const std::string& path) {
  return std::make_unique<TensorArchive>(ReadTable(std::move(file), path));
}

std::unique_ptr<TensorArchive> OpenTorchArchive(FileSystem& files, const std::string& path) {
  if (!IsShardIndex(path)) return OpenTorchArchive(files.Open(path), path);
  return std::make_unique<TensorArchive>(
      ReadShards(files, path, [&](const std::string& shard) { return ReadTable(files.Open(shard), shard); }));
}

}  // namespace dragoman
