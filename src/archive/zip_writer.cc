// SPDX-License-Identifier: Apache-2.0
#include "archive/zip_writer.h"

#include <zip.h>

#include <array>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr zip_uint16_t kFirstDay = 1 << 5 | 1;  // 1 January 1980, where a zip's days begin
constexpr size_t kChunk = size_t{1} << 20;      // bytes written at a time

[[noreturn]] void Fail(const char* what) { throw Error(std::string("a zip cannot be made (") + what + ")"); }

// The bytes of a zip that is being made, in memory.
class Sink {
 public:
  Sink() {
    zip_error_init(&error_);
    source_ = zip_source_buffer_create(nullptr, 0, 0, &error_);
    if (source_ == nullptr) Fail(zip_error_strerror(&error_));
  }
  ~Sink() {
    zip_source_free(source_);
    zip_error_fini(&error_);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // A zip that writes here, which its closing or discarding lets go of.
  zip_t* Open() {
    zip_source_keep(source_);
    zip_t* const zip = zip_open_from_source(source_, ZIP_TRUNCATE, &error_);
    if (zip != nullptr) return zip;
    zip_source_free(source_);
    Fail(zip_error_strerror(&error_));
  }

  void WriteTo(WritableFile& file) {
    if (zip_source_open(source_) != 0) Fail(zip_error_strerror(zip_source_error(source_)));
    std::string chunk(kChunk, '\0');
    zip_int64_t count = 0;
    while ((count = zip_source_read(source_, chunk.data(), chunk.size())) > 0) {
      file.Append(std::string_view(chunk).substr(0, static_cast<size_t>(count)));
    }
    zip_source_close(source_);
    if (count < 0) Fail(zip_error_strerror(zip_source_error(source_)));
  }

 private:
  zip_error_t error_;
  zip_source_t* source_ = nullptr;
};

zip_buffer_fragment_t FragmentOf(std::string_view bytes) {
  return {reinterpret_cast<zip_uint8_t*>(const_cast<char*>(bytes.data())), bytes.size()};  // which is only read
}

void Add(const NewZipMember& member, zip_t* zip) {
  const std::array fragments = {FragmentOf(member.head), FragmentOf(member.rest)};
  zip_source_t* const source = zip_source_buffer_fragment(zip, fragments.data(), fragments.size(), /*freep=*/0);
  if (source == nullptr) Fail(zip_strerror(zip));
  const zip_int64_t index = zip_file_add(zip, member.name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    Fail(zip_strerror(zip));
  }
  const auto at = static_cast<zip_uint64_t>(index);
  if (zip_set_file_compression(zip, at, ZIP_CM_STORE, 0) != 0) Fail(zip_strerror(zip));
  if (zip_file_set_dostime(zip, at, 0, kFirstDay, 0) != 0) Fail(zip_strerror(zip));
}

}  // namespace

void WriteStoredZip(const std::vector<NewZipMember>& members, WritableFile& file) {
  Sink sink;
  zip_t* const zip = sink.Open();
  try {
    for (const NewZipMember& member : members) Add(member, zip);
    if (zip_close(zip) != 0) Fail(zip_strerror(zip));
  } catch (...) {
    zip_discard(zip);
    throw;
  }
  sink.WriteTo(file);
}

}  // namespace dragoman
