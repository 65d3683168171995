// SPDX-License-Identifier: Apache-2.0
// Whether this is built with AddressSanitizer, which g++ and clang say in two ways.
#ifndef DRAGOMAN_TENSOR_ADDRESS_SANITIZER_H_
#define DRAGOMAN_TENSOR_ADDRESS_SANITIZER_H_

#if defined(__SANITIZE_ADDRESS__)
#define DRAGOMAN_HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DRAGOMAN_HAS_ADDRESS_SANITIZER 1
#endif
#endif

#endif  // DRAGOMAN_TENSOR_ADDRESS_SANITIZER_H_
