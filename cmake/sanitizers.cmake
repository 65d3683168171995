# SPDX-License-Identifier: Apache-2.0
# DRAGOMAN_SANITIZE=address,undefined or thread: the presets asan and tsan set it.
set(DRAGOMAN_SANITIZE "" CACHE STRING "Sanitizers to build with, comma-separated")
if(DRAGOMAN_SANITIZE)
  # -O1 and line numbers only: the builds for CI have to be quick, and stack traces readable. No NDEBUG.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
  add_compile_options(-fsanitize=${DRAGOMAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
                      -D_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${DRAGOMAN_SANITIZE})
endif()

# The preset fuzz sets it: coverage that libFuzzer learns from, in all that the fuzz targets link (tests/fuzz/).
option(DRAGOMAN_FUZZ "Build for libFuzzer (clang only)" OFF)
if(DRAGOMAN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "libFuzzer comes with clang, and the compiler is ${CMAKE_CXX_COMPILER_ID}: take the preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
