// SPDX-License-Identifier: Apache-2.0
// The two checksums our files use. Both go on from an earlier value, so a file can be summed as it is written:
// Crc32(b, Crc32(a)) == Crc32(a + b).
#ifndef DRAGOMAN_BASE_CRC32_H_
#define DRAGOMAN_BASE_CRC32_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace dragoman {

uint32_t Crc32(std::string_view bytes, uint32_t before = 0);   // of zip, gzip, PNG; zlib's; guards our checkpoints
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);  // Castagnoli's, of TensorBoard's event files

std::string Crc32Text(uint32_t crc);  // "0f1e2d3c": always eight hexadecimal digits, lower case

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_CRC32_H_
