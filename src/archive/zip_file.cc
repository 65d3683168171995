// SPDX-License-Identifier: Apache-2.0
#include "archive/zip_file.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/checked_size.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/nearest_name.h"

namespace dragoman {
namespace {

// The most that deflate makes of a byte: 258 bytes of 2 bits.
constexpr int64_t kMostDeflated = 1032;
constexpr int64_t kChunk = int64_t{1} << 18;  // bytes unpacked at a time
// A zip's end is looked for in as many bytes, and libzip reads a directory for each that it finds there. Data may hold
// the four bytes of one by chance, or a zip inside; a file of nothing else would be read for hours.
constexpr size_t kEndBytes = 66'000;
constexpr int kMostEnds = 16;

// A part of a file, or bytes in memory: whatever `owner` keeps alive.
class HeldFile : public ReadableFile {
 public:
  HeldFile(std::shared_ptr<const void> owner, std::string_view bytes, std::string path)
      : owner_(std::move(owner)), bytes_(bytes), path_(std::move(path)) {}

  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void Read(int64_t offset, std::span<char> out) const override {
    if (offset < 0 || offset > size() || out.size() > bytes_.size() - static_cast<size_t>(offset)) {
      throw FileError(path_, "ends at byte " + std::to_string(size()) + ", before all of a read from byte " +
                                 std::to_string(offset) + " on");
    }
    std::ranges::copy(bytes_.substr(static_cast<size_t>(offset), out.size()), out.data());
  }
  std::span<const char> Map() override { return bytes_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
  std::string path_;
};

// A mapped file as libzip reads it. Notes where it has read last.
class Source {
 public:
  explicit Source(std::string_view bytes) : bytes_(bytes) { zip_error_init(&error_); }
  ~Source() { zip_error_fini(&error_); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  size_t last_begin() const { return last_begin_; }
  size_t last_size() const { return last_size_; }

  static zip_int64_t Call(void* source, void* data, zip_uint64_t size, zip_source_cmd_t command) {
    return static_cast<Source*>(source)->Do(command, data, size);
  }

 private:
  zip_int64_t Do(zip_source_cmd_t command, void* data, zip_uint64_t size) {
    switch (command) {
      case ZIP_SOURCE_OPEN:
        at_ = 0;
        return 0;
      case ZIP_SOURCE_READ:
        last_begin_ = at_;
        last_size_ = std::min<size_t>(size, bytes_.size() - at_);
        std::memcpy(data, bytes_.data() + at_, last_size_);
        at_ += last_size_;
        return static_cast<zip_int64_t>(last_size_);
      case ZIP_SOURCE_SEEK: {
        const zip_int64_t to = zip_source_seek_compute_offset(at_, bytes_.size(), data, size, &error_);
        if (to >= 0) at_ = static_cast<size_t>(to);
        return to >= 0 ? 0 : -1;
      }
      case ZIP_SOURCE_TELL:
        return static_cast<zip_int64_t>(at_);
      case ZIP_SOURCE_STAT: {
        auto* stat = static_cast<zip_stat_t*>(data);
        zip_stat_init(stat);
        stat->size = bytes_.size();
        stat->valid = ZIP_STAT_SIZE;
        return sizeof(zip_stat_t);
      }
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&error_, data, size);
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:
        return 0;
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                              ZIP_SOURCE_SUPPORTS, -1);
      default:
        zip_error_set(&error_, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
  }

  std::string_view bytes_;
  size_t at_ = 0;
  size_t last_begin_ = 0, last_size_ = 0;
  zip_error_t error_;
};

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using OpenMember = std::unique_ptr<zip_file_t, CloseFile>;

int CountEnds(std::string_view bytes) {
  if (bytes.size() > kEndBytes) bytes.remove_prefix(bytes.size() - kEndBytes);
  int ends = 0;
  for (size_t at = bytes.find("PK\5\6"); at != std::string_view::npos; at = bytes.find("PK\5\6", at + 1)) ++ends;
  return ends;
}

}  // namespace

// libzip's handle, of which one thread at a time makes use.
class ZipFile::Zip {
 public:
  Zip(std::string_view bytes, const FileOrigin& origin) : source_(bytes) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_function_create(&Source::Call, &source_, &error);
    if (source != nullptr) zip_ = zip_open_from_source(source, ZIP_RDONLY, &error);
    const std::string what = zip_ != nullptr ? "" : zip_error_strerror(&error);
    zip_error_fini(&error);
    if (zip_ != nullptr) return;
    if (source != nullptr) zip_source_free(source);
    origin.Fail("cannot be read as a zip (" + what + ")");
  }
  ~Zip() { zip_discard(zip_); }
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;

  zip_t* get() const { return zip_; }
  const Source& source() const { return source_; }

  std::mutex mutex;
  std::set<uint64_t> checked;  // stored members whose checksum has been seen to be right

 private:
  Source source_;
  zip_t* zip_ = nullptr;
};

ZipFile::ZipFile(std::shared_ptr<ReadableFile> file, const std::string& path, const std::string& advice)
    : origin_{path, advice}, file_(std::move(file)) {
  const std::span<const char> all = file_->Map();
  bytes_ = {all.data(), all.size()};
  const int ends = CountEnds(bytes_);
  if (ends == 0) origin_.Fail("is no zip: its end is not one's");
  if (ends > kMostEnds) origin_.Fail("has " + std::to_string(ends) + " ends of a zip, expected one");
  zip_ = std::make_unique<Zip>(bytes_, origin_);
  const auto count = static_cast<uint64_t>(zip_get_num_entries(zip_->get(), 0));
  for (uint64_t i = 0; i < count; ++i) AddMember(i);
  CheckTotals();
}

void ZipFile::AddMember(uint64_t index) {
  const char* raw_name = zip_get_name(zip_->get(), index, ZIP_FL_ENC_RAW);
  const std::string name = raw_name != nullptr ? raw_name : "";
  CheckName(name);
  const std::string subject = "member " + Quoted(name);
  zip_stat_t stat;
  constexpr auto kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC | ZIP_STAT_COMP_METHOD;
  if (zip_stat_index(zip_->get(), index, 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded || stat.size > INT64_MAX ||
      stat.comp_size > INT64_MAX) {
    origin_.Fail(subject + " has no size or checksum");
  }
  if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
    origin_.Fail(subject + " is encrypted, expected a zip without a password");
  }
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
    origin_.Fail(subject + " is packed by method " + std::to_string(stat.comp_method) +
                 ", expected 0 (stored) or 8 (deflated)");
  }
  if (name.ends_with('/')) return;  // a folder
  Member member{index, static_cast<int64_t>(stat.size), static_cast<int64_t>(stat.comp_size),
                stat.comp_method == ZIP_CM_STORE, stat.crc};
  CheckSizes(name, member);
  if (member.stored && member.size > 0) {
    // libzip does not say where a member begins; but its first byte is read from there.
    Unpack(name, member, 1, /*to_the_end=*/false);
    const Source& source = zip_->source();
    member.begin = static_cast<int64_t>(source.last_begin());
    if (source.last_size() != 1 || member.size > static_cast<int64_t>(bytes_.size()) - member.begin) {
      origin_.Fail(subject + " ends beyond the file");
    }
  }
  if (!members_.emplace(name, member).second) origin_.Fail(subject + " is there twice");
}

ZipFile::~ZipFile() = default;

void ZipFile::CheckName(const std::string& name) const {
  bool is_wrong = name.empty() || name.front() == '/';
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    is_wrong |= name.compare(begin, end - begin, "..") == 0;
    begin = end + 1;
  }
  if (is_wrong) {
    origin_.Fail("has a member of the name " + Quoted(name) + ", expected the path of a file inside of the zip");
  }
}

void ZipFile::CheckSizes(const std::string& name, const Member& member) const {
  const std::string subject = "member " + Quoted(name);
  if (member.packed > static_cast<int64_t>(bytes_.size())) {
    origin_.Fail(subject + " has " + std::to_string(member.packed) + " packed bytes in a file of " +
                 std::to_string(bytes_.size()));
  }
  if (member.stored && member.size != member.packed) {
    origin_.Fail(subject + " is stored as " + std::to_string(member.packed) + " bytes, expected its " +
                 std::to_string(member.size));
  }
  if (member.size > member.packed * kMostDeflated) {
    origin_.Fail(subject + " claims " + std::to_string(member.size) + " bytes, more than its " +
                 std::to_string(member.packed) + " packed ones can hold");
  }
}

// Members that share bytes of the file could claim any amount together.
void ZipFile::CheckTotals() const {
  const auto file_bytes = static_cast<int64_t>(bytes_.size());
  int64_t packed = 0, size = 0;
  for (const auto& [name, member] : members_) {
    packed += member.packed;
    if (packed > file_bytes)
      origin_.Fail("its members have more bytes than the file, expected members beside each other");
    size += member.size;  // at most kMostDeflated times the file
  }
  const int64_t most = std::max(kMostSmall, file_bytes * kMostExpansion);
  if (size > most) {
    origin_.Fail("its members claim " + std::to_string(size) + " bytes when unpacked, expected at most " +
                 std::to_string(most));
  }
}

const ZipFile::Member& ZipFile::Find(const std::string& name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) {
    std::vector<std::string> names;
    names.reserve(members_.size());
    for (const auto& [there, member] : members_) names.push_back(there);
    const std::string nearest = NearestName(name, names);
    origin_.Fail("has no member " + Quoted(name) + " among its " + std::to_string(names.size()) +
                 (nearest.empty() ? "" : "; the nearest name is " + Quoted(nearest)));
  }
  return found->second;
}

const ZipFile::Member& ZipFile::FindWithin(const std::string& name, int64_t most) const {
  const Member& member = Find(name);
  if (member.size > most) {
    origin_.Fail("member " + Quoted(name) + " has " + std::to_string(member.size) + " bytes, expected at most " +
                 std::to_string(most));
  }
  return member;
}

std::string_view ZipFile::StoredBytes(const Member& member) const {
  return bytes_.substr(static_cast<size_t>(member.begin), static_cast<size_t>(member.size));
}

// Of a stored member, once: the others are checked whenever they are unpacked. 0 is what PyTorch writes when it is told
// to compute none.
void ZipFile::CheckChecksum(const std::string& name, const Member& member) const {
  if (member.crc == 0) return;
  {
    const std::lock_guard lock(zip_->mutex);
    if (zip_->checked.count(member.index) > 0) return;
  }
  const uint32_t crc = Crc32(StoredBytes(member));
  if (crc != member.crc) {
    origin_.Fail("member " + Quoted(name) + " has the checksum " + Crc32Text(crc) + ", expected " +
                 Crc32Text(member.crc));
  }
  const std::lock_guard lock(zip_->mutex);
  zip_->checked.insert(member.index);
}

// Its bytes, at most so many; to_the_end: they are all, and libzip checks their number and checksum.
std::string ZipFile::Unpack(const std::string& name, const Member& member, int64_t most, bool to_the_end) const {
  const std::lock_guard lock(zip_->mutex);
  const auto fail = [&](const std::string& what) {
    origin_.Fail("member " + Quoted(name) + " is damaged (" + what + ")");
  };
  const OpenMember open(zip_fopen_index(zip_->get(), member.index, 0));
  if (open == nullptr) fail(zip_strerror(zip_->get()));
  std::string bytes;
  while (static_cast<int64_t>(bytes.size()) < most) {
    const size_t before = bytes.size();
    const auto chunk = static_cast<size_t>(std::min(kChunk, most - static_cast<int64_t>(before)));
    bytes.resize(before + chunk);
    const zip_int64_t count = zip_fread(open.get(), bytes.data() + before, chunk);
    if (count < 0) fail(zip_file_strerror(open.get()));
    bytes.resize(before + static_cast<size_t>(count));
    if (count == 0) break;
  }
  if (!to_the_end) return bytes;
  char beyond = 0;
  const zip_int64_t count = zip_fread(open.get(), &beyond, 1);
  if (count < 0) fail(zip_file_strerror(open.get()));
  if (count > 0 || static_cast<int64_t>(bytes.size()) != member.size) {
    fail("unpacked it has " + (count > 0 ? "more than " : std::string()) + std::to_string(bytes.size()) +
         " bytes, expected " + std::to_string(member.size));
  }
  return bytes;
}

std::unique_ptr<ReadableFile> ZipFile::Open(const std::string& name, int64_t most) const {
  const Member& member = FindWithin(name, most);
  const std::string path = origin_.path + "/" + name;
  if (member.stored) {
    CheckChecksum(name, member);
    return std::make_unique<HeldFile>(file_, StoredBytes(member), path);
  }
  const auto bytes = std::make_shared<const std::string>(Unpack(name, member, member.size, /*to_the_end=*/true));
  return std::make_unique<HeldFile>(bytes, *bytes, path);
}

std::string ZipFile::Read(const std::string& name, int64_t most) const {
  const Member& member = FindWithin(name, most);
  if (!member.stored) return Unpack(name, member, member.size, /*to_the_end=*/true);
  CheckChecksum(name, member);
  return std::string(StoredBytes(member));
}

std::string ZipFile::ReadBeginning(const std::string& name, int64_t most) const {
  const Member& member = Find(name);
  const int64_t count = std::min(most, member.size);
  if (member.stored) return std::string(StoredBytes(member).substr(0, static_cast<size_t>(count)));
  return Unpack(name, member, count, /*to_the_end=*/false);
}

}  // namespace dragoman
