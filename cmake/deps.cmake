# SPDX-License-Identifier: Apache-2.0
# Every third-party library, all from Debian 12 (scripts/packages.txt), with the version tested. A version older than
# named here stops the configuration; a newer one is tried.
find_package(Threads REQUIRED)
find_package(GTest 1.12 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9.1 REQUIRED)
find_package(ZLIB 1.2.13 REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc)      # Unicode classes: blank lines, the metrics' tokenizers, columns
find_package(CLI11 2.1 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy>=1.0.3)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece>=0.1.97)
find_package(yaml-cpp 0.7 REQUIRED)              # descriptions of Marian's models
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus>=3.3)  # train --config
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip>=1.7.3)             # other programs' models: .npz, .bin
find_package(benchmark 1.7 QUIET)                # bench/ only
find_package(dnnl 2.6 QUIET)                     # bench/ only: oneDNN, to compare with
find_package(OpenMP QUIET)                       # bench/ only: where oneDNN's thread count is set
set(MPI_CXX_SKIP_MPICXX ON)                      # the C interface is used
find_package(MPI 3.1 QUIET COMPONENTS CXX)       # Open MPI 4.1; without it a run is one process
