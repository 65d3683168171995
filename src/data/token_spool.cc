// SPDX-License-Identifier: Apache-2.0
#include "data/token_spool.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

#include "base/check.h"
#include "base/checked_size.h"
#include "base/error.h"

namespace dragoman {
namespace {

static_assert(std::endian::native == std::endian::little, "the spool's integers are stored as they lie in memory");
static_assert(sizeof(SpoolTrailer) == 30 * sizeof(uint64_t), "no padding, so that its bytes can be hashed");
static_assert(sizeof(PairLengths) == 4);
static_assert(std::is_trivially_copyable_v<CorpusReport>);

constexpr uint64_t kMagic = 0x736e656b6f547244;  // "DrTokens"
constexpr uint64_t kVersion = 4;
constexpr size_t kBufferBytes = size_t{1} << 18;
constexpr int64_t kWatchBytes = int64_t{16} << 20;

uint64_t HashOfTrailer(const SpoolTrailer& trailer) {
  return HashBytes({reinterpret_cast<const char*>(&trailer), offsetof(SpoolTrailer, trailer_hash)});
}

template <typename T>
std::span<char> WritableBytes(T* values, size_t count) {
  return {reinterpret_cast<char*>(values), count * sizeof(T)};
}

bool TrailerFits(const SpoolTrailer& trailer, uint64_t fingerprint, int64_t file_bytes) {
  if (trailer.magic != kMagic || trailer.version != kVersion) return false;
  if (trailer.trailer_hash != HashOfTrailer(trailer) || trailer.fingerprint != fingerprint) return false;
  if (trailer.id_bytes != 2 && trailer.id_bytes != 4) return false;
  const int64_t body = file_bytes - static_cast<int64_t>(sizeof(SpoolTrailer));
  const auto ids = CheckedProduct({static_cast<int64_t>(trailer.ids), static_cast<int64_t>(trailer.id_bytes)});
  const auto lengths = CheckedProduct({trailer.report.pairs, sizeof(PairLengths)});
  const auto reports = CheckedProduct({static_cast<int64_t>(trailer.texts), sizeof(CorpusReport)});
  return ids && lengths && reports && *ids <= body && *lengths <= body - *ids && *reports == body - *ids - *lengths;
}

// Whether the pairs, each with two </s> that are not stored, are as many ids as the trailer says, and as many as the
// texts have.
bool LengthsFit(const OpenSpool& spool) {
  uint64_t ids = 0;
  for (const PairLengths& pair : spool.lengths) {
    if (pair.src == 0 || pair.tgt == 0) return false;
    ids += pair.src + pair.tgt - 2u;
  }
  int64_t pairs = 0;
  for (const CorpusReport& report : spool.reports) {
    if (report.pairs < 0 || report.pairs > spool.trailer.report.pairs - pairs) return false;
    pairs += report.pairs;
  }
  return ids == spool.trailer.ids && pairs == spool.trailer.report.pairs;
}

// Reads the whole body once for its hash, keeping only the lengths and reports at its end.
bool ReadBody(OpenSpool* spool) {
  ByteHash hash;
  std::vector<char> buffer(kBufferBytes);
  const auto ids_end = static_cast<int64_t>(spool->trailer.ids * spool->trailer.id_bytes);
  for (int64_t offset = 0; offset < ids_end;) {
    const auto count = std::min<int64_t>(static_cast<int64_t>(buffer.size()), ids_end - offset);
    spool->file->Read(offset, {buffer.data(), static_cast<size_t>(count)});
    hash.Add({buffer.data(), static_cast<size_t>(count)});
    offset += count;
  }
  spool->lengths.resize(static_cast<size_t>(spool->trailer.report.pairs));
  spool->file->Read(ids_end, WritableBytes(spool->lengths.data(), spool->lengths.size()));
  hash.Add(BytesOf(std::span<const PairLengths>(spool->lengths)));
  spool->reports.resize(static_cast<size_t>(spool->trailer.texts));
  spool->file->Read(ids_end + static_cast<int64_t>(spool->lengths.size() * sizeof(PairLengths)),
                    WritableBytes(spool->reports.data(), spool->reports.size()));
  hash.Add(BytesOf(std::span<const CorpusReport>(spool->reports)));
  return hash.Value() == spool->trailer.body_hash && LengthsFit(*spool);
}

}  // namespace

SpoolWriter::SpoolWriter(FileSystem* files, const std::string& path, int id_bytes)
    : files_(files), path_(path), temporary_(path + ".tmp"), file_(files->Create(temporary_)) {
  trailer_.magic = kMagic;
  trailer_.version = kVersion;
  trailer_.id_bytes = static_cast<uint64_t>(id_bytes);
}

SpoolWriter::~SpoolWriter() {
  if (file_ == nullptr) return;
  file_.reset();
  try {
    files_->RemoveFile(temporary_);
  } catch (const Error&) {  // the error that brought us here is the one to report
  }
}

void SpoolWriter::Append(std::string_view bytes) {
  unwatched_ += static_cast<int64_t>(bytes.size());
  if (unwatched_ >= kWatchBytes) {
    RequireRoom(*files_, temporary_);
    unwatched_ = 0;
  }
  hash_.Add(bytes);
  file_->Append(bytes);
}

void SpoolWriter::AddIds(std::span<const int32_t> ids) {
  for (const int32_t id : ids) buffer_.append(reinterpret_cast<const char*>(&id), trailer_.id_bytes);  // little-endian
  trailer_.ids += ids.size();
}

void SpoolWriter::AddPair(std::span<const int32_t> src, std::span<const int32_t> tgt) {
  DRAGOMAN_CHECK(src.size() < kMaxPairLength && tgt.size() < kMaxPairLength);
  AddIds(src);
  AddIds(tgt);
  lengths_.push_back({static_cast<uint16_t>(src.size() + 1), static_cast<uint16_t>(tgt.size() + 1)});
  if (buffer_.size() < kBufferBytes) return;
  Append(buffer_);
  buffer_.clear();
}

void SpoolWriter::Finish(std::span<const CorpusReport> reports, uint64_t fingerprint) {
  Append(buffer_);
  Append(BytesOf(std::span<const PairLengths>(lengths_)));
  Append(BytesOf(reports));
  trailer_.texts = reports.size();
  trailer_.report = Together(reports);
  trailer_.fingerprint = fingerprint;
  trailer_.body_hash = hash_.Value();
  trailer_.trailer_hash = HashOfTrailer(trailer_);
  file_->Append(BytesOf(std::span<const SpoolTrailer>(&trailer_, 1)));
  file_->Close();
  files_->Rename(temporary_, path_);
  file_.reset();
}

std::optional<OpenSpool> TryOpenSpool(FileSystem* files, const std::string& path, uint64_t fingerprint) {
  if (!files->Exists(path)) return std::nullopt;
  try {
    OpenSpool spool;
    spool.file = files->Open(path);
    const int64_t size = spool.file->size();
    const auto trailer_at = size - static_cast<int64_t>(sizeof(SpoolTrailer));
    if (trailer_at < 0) return std::nullopt;
    spool.file->Read(trailer_at, WritableBytes(&spool.trailer, 1));
    if (!TrailerFits(spool.trailer, fingerprint, size) || !ReadBody(&spool)) return std::nullopt;
    return spool;
  } catch (const FileError&) {  // unreadable is as good as damaged: it will be made again
    return std::nullopt;
  }
}

}  // namespace dragoman
