# SPDX-License-Identifier: Apache-2.0
# dragoman_folder(NAME [DEPS folder...] [LIBS target...])
#   One static library dragoman::NAME from the *.cc of the current folder (and reference/), linked to the other
#   folders in DEPS (public) and to third-party targets in LIBS (private to the folder that wraps them); and one
#   test program per *_test.cc (cmake/tests.cmake). What tests alone use, *_testing.cc, is a library of its own.
function(dragoman_folder name)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc reference/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc reference/*_test.cc)
  file(GLOB testing CONFIGURE_DEPENDS *_testing.cc)
  list(REMOVE_ITEM sources "" ${tests} ${testing})
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  list(TRANSFORM arg_DEPS PREPEND dragoman::)

  if(sources)
    add_library(dragoman_${name} STATIC ${sources})
    target_include_directories(dragoman_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(dragoman_${name} PUBLIC ${arg_DEPS} PRIVATE dragoman_warnings ${arg_LIBS})
  else()  # headers only
    add_library(dragoman_${name} INTERFACE)
    target_include_directories(dragoman_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(dragoman_${name} INTERFACE ${arg_DEPS})
  endif()
  add_library(dragoman::${name} ALIAS dragoman_${name})
  if(testing)
    add_library(dragoman_${name}_testing STATIC ${testing})
    target_link_libraries(dragoman_${name}_testing PUBLIC dragoman_${name} PRIVATE dragoman_warnings ${arg_LIBS})
    set_property(GLOBAL APPEND PROPERTY DRAGOMAN_TESTING dragoman_${name}_testing)
  endif()

  foreach(test_file ${tests})
    dragoman_test(${test_file} DEPS ${name} LIBS ${arg_LIBS})
  endforeach()
endfunction()
