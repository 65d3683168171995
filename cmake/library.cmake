# SPDX-License-Identifier: Apache-2.0
# The library that other programs link: one shared object and one archive of all folders up to library/, without MPI,
# the headers of include/, and what find_package(dragoman) and pkg-config read.
include(CMakePackageConfigHelpers)
set(parts base tensor kernels autograd nn model infer text format decode library)
foreach(part ${parts})
  get_target_property(type dragoman_${part} TYPE)
  if(NOT type STREQUAL INTERFACE_LIBRARY)
    # Not what makes a process of our own: its signals, its stderr.
    list(APPEND objects "$<FILTER:$<TARGET_OBJECTS:dragoman_${part}>,EXCLUDE,/(process_start|signals|stderr)\\.cc>")
  endif()
endforeach()
set(needed Threads::Threads fmt::fmt ZLIB::ZLIB ICU::uc PkgConfig::hwy PkgConfig::sentencepiece)

add_library(dragoman_shared SHARED ${objects})
set_target_properties(dragoman_shared PROPERTIES OUTPUT_NAME dragoman EXPORT_NAME dragoman
                      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_link_libraries(dragoman_shared PRIVATE ${needed})
target_link_options(dragoman_shared PRIVATE -Wl,--exclude-libs,ALL)

add_library(dragoman_static STATIC ${objects})
set_target_properties(dragoman_static PROPERTIES OUTPUT_NAME dragoman EXPORT_NAME dragoman_static)
target_link_libraries(dragoman_static PRIVATE ${needed})

foreach(form shared static)
  set_target_properties(dragoman_${form} PROPERTIES LINKER_LANGUAGE CXX ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  target_compile_features(dragoman_${form} INTERFACE cxx_std_20)
  target_include_directories(dragoman_${form} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS dragoman_${form} EXPORT dragoman-${form} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
                                                           ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT dragoman-${form} NAMESPACE dragoman:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dragoman)
endforeach()

install(DIRECTORY include/dragoman DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/dragoman-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/dragoman.pc.in ${CMAKE_BINARY_DIR}/package/dragoman.pc @ONLY)
install(FILES cmake/dragoman-config.cmake ${CMAKE_BINARY_DIR}/package/dragoman-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dragoman)
install(FILES ${CMAKE_BINARY_DIR}/package/dragoman.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
