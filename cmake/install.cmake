# SPDX-License-Identifier: Apache-2.0
# cmake --install build/release --prefix DIR: the program, the library (cmake/library.cmake), and licence and documents
# in the layout of the source, so that links between them hold.
include(GNUInstallDirs)
include(library)
install(TARGETS dragoman RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
