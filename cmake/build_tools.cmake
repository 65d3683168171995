# SPDX-License-Identifier: Apache-2.0
# ccache and mold where they are installed; the compiler and its usual linker where they are not.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths in the tree are hashed as relative ones, so that a second clone finds what the first has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE_PROGRAM})
endif()

include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=mold DRAGOMAN_HAS_MOLD)
if(DRAGOMAN_HAS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
