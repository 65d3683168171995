// SPDX-License-Identifier: Apache-2.0
#include "format/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/json.h"

namespace dragoman {
namespace {

constexpr char kFormat[] = "dragoman-checkpoint";
constexpr int kVersion = 1;
constexpr int64_t kMaxManifestBytes = 1 << 20;
constexpr int64_t kMaxStep = 999'999'999'999'999'999;  // the digits that a checkpoint's name has room for

// The manifest's last lines: the checksum of every byte before them.
std::string Seal(std::string_view text) {
  return fmt::format("  \"manifest_crc32\": \"{}\"\n}}\n", Crc32Text(Crc32(text)));
}
const size_t kSealBytes = Seal("").size();

bool IsCrcText(const std::string& text) {
  return text.size() == 8 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A name that stays in its directory and is not the manifest's own.
bool IsFileName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name != kManifestName && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

// A large file, which is looked into tensor by tensor.
bool IsOfNumbers(const std::string& name) { return name.ends_with(".safetensors"); }

uint32_t CrcOfFile(const ReadableFile& file) {
  std::vector<char> chunk(1 << 20);
  uint32_t crc = 0;
  for (int64_t at = 0; at < file.size(); at += static_cast<int64_t>(chunk.size())) {
    chunk.resize(static_cast<size_t>(std::min<int64_t>(1 << 20, file.size() - at)));
    file.Read(at, chunk);
    crc = Crc32({chunk.data(), chunk.size()}, crc);
  }
  return crc;
}

ManifestFile ParseFile(const JsonValue& entry) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const JsonObject members = entry.Object("one of the files");
  ManifestFile file;
  file.name = members.At("name").String("name");
  file.size = members.At("size").Integer("size", 0, kMost);
  const std::string crc = members.At("crc32").String("crc32");
  if (!IsFileName(file.name) || !IsCrcText(crc)) {
    entry.FailExpecting("one of the files", "a plain name, a size and a CRC-32 of eight hexadecimal digits");
  }
  file.crc32 = static_cast<uint32_t>(std::stoul(crc, nullptr, 16));
  return file;
}

Manifest Parse(const JsonObject& root) {
  const JsonValue format = root.At("format"), version = root.At("version");
  if (format.String("format") != kFormat) format.FailExpecting("format", fmt::format("\"{}\"", kFormat));
  if (version.Integer("version", 0, std::numeric_limits<int>::max()) != kVersion) {
    version.FailExpecting("version", fmt::format("{} (a newer dragoman wrote it)", kVersion));
  }
  Manifest manifest;
  manifest.step = root.At("step").Integer("step", 0, kMaxStep);
  if (const JsonValue* score = root.Find("score")) manifest.score = score->Number("score");
  std::set<std::string> names;
  for (const JsonValue& entry : root.At("files").Array("files")) {
    manifest.files.push_back(ParseFile(entry));
    if (!names.insert(manifest.files.back().name).second) entry.Fail("a file is there twice");
  }
  return manifest;
}

// Passes bytes on and sums them up.
class SummingFile : public WritableFile {
 public:
  explicit SummingFile(WritableFile& file) : file_(file) {}
  void Append(std::string_view bytes) override {
    file_.Append(bytes);
    size_ += static_cast<int64_t>(bytes.size());
    crc32_ = Crc32(bytes, crc32_);
  }
  void Sync() override { file_.Sync(); }
  void Close() override { file_.Close(); }
  int64_t size() const { return size_; }
  uint32_t crc32() const { return crc32_; }

 private:
  WritableFile& file_;
  int64_t size_ = 0;
  uint32_t crc32_ = 0;
};

// The text of MANIFEST.json, which ends in a checksum of itself.
std::string ManifestText(const Manifest& manifest) {
  std::string text =
      fmt::format("{{\n  \"format\": \"{}\",\n  \"version\": {},\n  \"step\": {},\n", kFormat, kVersion, manifest.step);
  if (manifest.score) {
    text +=
        "  \"score\": " + nlohmann::json(*manifest.score).dump() + ",\n";  // the shortest text that reads back the same
  }
  text += "  \"files\": [";
  for (size_t i = 0; i < manifest.files.size(); ++i) {
    const ManifestFile& file = manifest.files[i];
    text += fmt::format("{}\n    {{\"name\": {}, \"size\": {}, \"crc32\": \"{}\"}}", i > 0 ? "," : "",
                        nlohmann::json(file.name).dump(), file.size, Crc32Text(file.crc32));
  }
  text += "\n  ],\n";
  return text + Seal(text);
}

}  // namespace

CheckpointFile FileOfBytes(std::string name, std::string bytes) {
  return {std::move(name), [bytes = std::move(bytes)](WritableFile& file) { file.Append(bytes); }};
}

std::vector<ManifestFile> WriteFiles(FileSystem& files, const std::string& directory,
                                     const std::vector<CheckpointFile>& sources) {
  std::vector<ManifestFile> written;
  RemoveAll(files, directory);
  files.CreateDirectory(directory);
  std::set<std::string> names = {kManifestName};
  for (const CheckpointFile& source : sources) {
    DRAGOMAN_CHECK(names.insert(source.name).second && source.name.find('/') == std::string::npos);
    const std::unique_ptr<WritableFile> file = files.Create(JoinPath(directory, source.name));
    SummingFile summing(*file);
    source.write(summing);
    file->Sync();
    file->Close();
    if (source.is_sealed) written.push_back({source.name, summing.size(), summing.crc32()});
  }
  return written;
}

void WriteCheckpoint(FileSystem& files, const std::string& directory, const CheckpointContents& contents) {
  Manifest manifest;
  manifest.step = contents.step;
  if (contents.score && std::isfinite(*contents.score)) manifest.score = contents.score;
  manifest.files = WriteFiles(files, directory, contents.files);
  WriteFile(files, JoinPath(directory, kManifestName), ManifestText(manifest));
  files.SyncDirectory(directory);
}

Manifest ReadManifest(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, kManifestName);
  std::string text = ReadFile(files, path, kMaxManifestBytes);
  if (text.size() < kSealBytes ||
      text.substr(text.size() - kSealBytes) != Seal(std::string_view(text).substr(0, text.size() - kSealBytes))) {
    throw FormatError(path, "does not end in its own checksum; it was damaged or changed: use another checkpoint");
  }
  const JsonDocument document(std::move(text), {path, "use another checkpoint"});
  return Parse(document.root().Object("this"));
}

void VerifyFile(FileSystem& files, const std::string& directory, const ManifestFile& expected, Checks checks) {
  const std::string path = JoinPath(directory, expected.name);
  if (!files.Exists(path)) {
    throw FormatError(path, "is missing; its checkpoint's MANIFEST.json names it: use another checkpoint");
  }
  const std::unique_ptr<ReadableFile> file = files.Open(path);
  if (file->size() != expected.size) {
    throw FormatError(path, fmt::format("has {} bytes, its checkpoint's MANIFEST.json says {}; it was cut short or "
                                        "changed: use another checkpoint",
                                        file->size(), expected.size));
  }
  if (checks == Checks::kAllButNumbers && IsOfNumbers(expected.name)) return;
  const uint32_t crc = CrcOfFile(*file);
  if (crc != expected.crc32) {
    throw FormatError(path, fmt::format("has CRC-32 {}, its checkpoint's MANIFEST.json says {}; it was damaged or "
                                        "changed: use another checkpoint",
                                        Crc32Text(crc), Crc32Text(expected.crc32)));
  }
}

std::optional<Manifest> VerifyCheckpoint(FileSystem& files, const std::string& directory,
                                         const std::vector<std::string>& only, Checks checks) {
  const std::string path = JoinPath(directory, kManifestName);
  if (files.Type(path) == FileType::kNone) return std::nullopt;
  if (!files.Exists(path)) throw FormatError(path, "is a link that leads nowhere; use another checkpoint");
  Manifest manifest = ReadManifest(files, directory);
  for (const std::string& name : only) {
    const auto named = [&](const ManifestFile& file) { return file.name == name; };
    if (std::none_of(manifest.files.begin(), manifest.files.end(), named)) {
      throw FormatError(path, "does not name " + name + ", which is needed here; use another checkpoint");
    }
  }
  for (const ManifestFile& file : manifest.files) {
    if (only.empty() || std::find(only.begin(), only.end(), file.name) != only.end()) {
      VerifyFile(files, directory, file, checks);
    }
  }
  return manifest;
}

}  // namespace dragoman
