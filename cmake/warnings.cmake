# SPDX-License-Identifier: Apache-2.0
# Flags shared by every target of ours, as an interface library.
add_library(dragoman_warnings INTERFACE)
target_compile_options(dragoman_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-unused-parameter
                                                   $<$<BOOL:${DRAGOMAN_WERROR}>:-Werror>)

# DRAGOMAN_SANITIZE=address,undefined or thread: the sanitizer presets set it.
set(DRAGOMAN_SANITIZE "" CACHE STRING "Sanitizers to build with, comma-separated")
if(DRAGOMAN_SANITIZE)
  add_compile_options(-fsanitize=${DRAGOMAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DRAGOMAN_SANITIZE})
endif()
