// SPDX-License-Identifier: Apache-2.0
// What the shared library lets others see.
#ifndef DRAGOMAN_EXPORT_H_
#define DRAGOMAN_EXPORT_H_

#if defined(__GNUC__)
#define DRAGOMAN_API __attribute__((visibility("default")))
#else
#define DRAGOMAN_API
#endif

#endif  // DRAGOMAN_EXPORT_H_
