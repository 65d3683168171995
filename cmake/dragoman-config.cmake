# SPDX-License-Identifier: Apache-2.0
# find_package(dragoman): dragoman::dragoman, the shared library.
# find_package(dragoman COMPONENTS static): dragoman::dragoman_static besides, and what that needs.
include(${CMAKE_CURRENT_LIST_DIR}/dragoman-shared.cmake)
if("static" IN_LIST dragoman_FIND_COMPONENTS)
  include(CMakeFindDependencyMacro)
  find_dependency(Threads)
  find_dependency(fmt)
  find_dependency(ZLIB)
  find_dependency(ICU COMPONENTS uc)
  find_dependency(PkgConfig)
  pkg_check_modules(hwy REQUIRED QUIET IMPORTED_TARGET libhwy)
  pkg_check_modules(sentencepiece REQUIRED QUIET IMPORTED_TARGET sentencepiece)
  include(${CMAKE_CURRENT_LIST_DIR}/dragoman-static.cmake)
endif()
