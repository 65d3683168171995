# SPDX-License-Identifier: Apache-2.0
# How tests are registered. Labels (ctest -L):
#   quick    takes seconds; the sanitizer builds run these
#   slow     the rest: a test whose file name ends in _slow_test.cc
#   threads  besides quick: its source speaks of threads or of what has some, so ThreadSanitizer runs it too
# A test that is no dragoman_test names its program itself: add_dependencies(quick_tests PROGRAM).
add_custom_target(quick_tests)    # builds every test labelled quick
add_custom_target(threads_tests)  # builds every test labelled threads

# dragoman_test(FILE [DEPS folder...] [LIBS target...]): one GoogleTest program, named folder.stem.
function(dragoman_test test_file)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
  list(TRANSFORM arg_DEPS PREPEND dragoman::)
  get_filename_component(test_file ${test_file} ABSOLUTE)
  get_filename_component(folder ${test_file} DIRECTORY)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${folder})
  string(REGEX REPLACE "^src/" "" folder ${folder})
  string(REPLACE "/" "." folder ${folder})
  get_filename_component(stem ${test_file} NAME_WE)
  set(target ${folder}.${stem})
  add_executable(${target} ${test_file})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  get_property(testing GLOBAL PROPERTY DRAGOMAN_TESTING)  # of the folders below
  target_link_libraries(${target} PRIVATE ${testing} ${arg_DEPS} dragoman_warnings ${arg_LIBS}
                                          GTest::gtest GTest::gmock GTest::gtest_main)
  if(DRAGOMAN_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)  # half the time to compile; what the test tests is not compiled so
  endif()
  add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(stem MATCHES "_slow_test$")
    set_tests_properties(${target} PROPERTIES LABELS slow TIMEOUT 1800)
  else()
    set_tests_properties(${target} PROPERTIES LABELS quick TIMEOUT 300)
    add_dependencies(quick_tests ${target})
    file(STRINGS ${test_file} mentions_threads REGEX "[Tt]hread|Prefetcher|WorkerPool|TrainerTest" LIMIT_COUNT 1)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${test_file})
    if(mentions_threads)
      set_property(TEST ${target} APPEND PROPERTY LABELS threads)
      add_dependencies(threads_tests ${target})
    endif()
  endif()
endfunction()
