# Options and flags that all targets share.

option(MMCHECK_WERROR "Treat warnings as errors: for developers, not for users" OFF)
option(MMCHECK_COVERAGE "Count executed lines; gcovr reads the result" OFF)
option(MMCHECK_FUZZ "Build tests/fuzz with libFuzzer (needs clang)" OFF)
option(BUILD_BENCH "Build the benchmarks in bench/" OFF)
set(MMCHECK_SANITIZE "" CACHE STRING "Sanitizers, as a list: address, undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()

# No NDEBUG: a checker whose own inconsistencies are undefined behaviour is worth nothing.
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -g1")

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wold-style-cast -Wcast-qual
  -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wundef)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wduplicated-cond -Wlogical-op -Wsuggest-override)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Wrong about std::string and fmt::format at -O3: gcc bug 105651 and its kin.
    add_compile_options(-Wno-restrict -Wno-stringop-overflow)
  endif()
endif()
if(MMCHECK_WERROR)
  add_compile_options(-Werror)
endif()

# Messages and debug information name files as they are in the repository, wherever it was built.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")

if(MMCHECK_SANITIZE)
  string(REPLACE ";" "," sanitizers "${MMCHECK_SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
endif()
if(MMCHECK_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(MMCHECK_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "MMCHECK_FUZZ needs clang: use the preset `fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Comforts, used where they are installed.
find_program(MMCHECK_CCACHE ccache)
if(MMCHECK_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MMCHECK_CCACHE}")
endif()
find_program(MMCHECK_MOLD mold)
if(MMCHECK_MOLD)
  include(CheckLinkerFlag)
  check_linker_flag(CXX -fuse-ld=mold MMCHECK_LINKS_WITH_MOLD)
  if(MMCHECK_LINKS_WITH_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()
