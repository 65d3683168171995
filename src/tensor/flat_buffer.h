// SPDX-License-Identifier: Apache-2.0
// A long-lived array of floats: parameters, gradients, optimizer state.
#ifndef DRAGOMAN_TENSOR_FLAT_BUFFER_H_
#define DRAGOMAN_TENSOR_FLAT_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace dragoman {

// Owns `size` floats, zeroed, aligned to 64 bytes, on huge pages where the system grants them. Moves, never copies.
class FlatBuffer {
 public:
  FlatBuffer() = default;
  explicit FlatBuffer(int64_t size);  // throws std::bad_alloc

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  int64_t size() const { return size_; }
  std::span<float> span() { return {data_.get(), static_cast<size_t>(size_)}; }
  std::span<const float> span() const { return {data_.get(), static_cast<size_t>(size_)}; }

 private:
  struct Unmap {
    size_t bytes;
    void operator()(float* data) const;
  };
  std::unique_ptr<float, Unmap> data_{nullptr, Unmap{0}};
  int64_t size_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TENSOR_FLAT_BUFFER_H_
