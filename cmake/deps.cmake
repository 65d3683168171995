# SPDX-License-Identifier: Apache-2.0
# Every third-party library, all from Debian 12 (the version tested stands beside each).
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED)            # g++ 12.2: oneDNN's thread count is an OpenMP setting of the calling thread
find_package(GTest REQUIRED)             # 1.12.1
find_package(nlohmann_json REQUIRED)     # 3.11.2
find_package(fmt REQUIRED)               # 9.1
find_package(spdlog REQUIRED)            # 1.10
find_package(ZLIB REQUIRED)              # 1.2.13
find_package(dnnl REQUIRED)              # oneDNN 2.6.3, OpenMP build
find_package(CLI11 REQUIRED)             # 2.1.2
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)                # Highway 1.0.3
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)  # 0.1.97
find_package(benchmark QUIET)            # Google Benchmark 1.7.1, bench/ only
