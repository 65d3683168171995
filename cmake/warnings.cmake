# SPDX-License-Identifier: Apache-2.0
# Flags shared by every target of ours. No -march=native (kernels choose their instruction set at run time) and no
# -ffast-math (it would let the compiler assume away the infinities and NaNs that we promise to report).
option(DRAGOMAN_WERROR "Treat warnings as errors (the release preset does)" OFF)
add_library(dragoman_warnings INTERFACE)
# Left out: unused parameters (overrides have them), -Wrestrict (g++ 12 sees it in std::string's own code, GCC bug
# 105651), missing initialisers (what designated initialisers leave to the defaults is meant).
target_compile_options(dragoman_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wno-unused-parameter $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  -Wno-missing-field-initializers
  $<$<BOOL:${DRAGOMAN_WERROR}>:-Werror>)

# __FILE__ reads src/... wherever the checkout lies, and no path of the building machine ends up in a binary.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

# All of it can be part of a shared library (cmake/library.cmake), which shows what its headers say and no more.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-fvisibility=hidden -fvisibility-inlines-hidden)
