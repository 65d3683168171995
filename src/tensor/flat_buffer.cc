// SPDX-License-Identifier: Apache-2.0
#include "tensor/flat_buffer.h"

#include <sys/mman.h>

#include <new>

namespace dragoman {

void FlatBuffer::Unmap::operator()(float* data) const { munmap(data, bytes); }

FlatBuffer::FlatBuffer(int64_t size) : size_(size) {
  if (size == 0) return;
  const size_t bytes = static_cast<size_t>(size) * sizeof(float);
  void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);  // zero pages
  if (start == MAP_FAILED) throw std::bad_alloc();
  madvise(start, bytes, MADV_HUGEPAGE);
  data_ = std::unique_ptr<float, Unmap>(static_cast<float*>(start), Unmap{bytes});
}

}  // namespace dragoman
