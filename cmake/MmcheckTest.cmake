include(GoogleTest)

# mmcheck_test(NAME SOURCES a_test.cc... LIBS mmcheck_trace... [LABELS slow...] [TIMEOUT SECONDS])
#
# A GoogleTest program; each of its tests is one for ctest. GoogleMock and RapidCheck can be
# included. Tests with the label `slow` are left out under sanitizers.
function(mmcheck_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS;LABELS")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mmcheck_test(${name} SOURCES ... LIBS ... [LABELS ...] [TIMEOUT N])")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gmock GTest::gtest_main rapidcheck)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  # RapidCheck draws from a fixed seed: a run that passes, passes again.
  set(properties TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "RC_PARAMS=seed=1")
  if(arg_LABELS)
    list(APPEND properties LABELS "${arg_LABELS}")
  endif()
  gtest_discover_tests(${name}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 120
    TEST_PREFIX "${name}."
    PROPERTIES ${properties})
endfunction()

# mmcheck_fuzz(NAME SOURCES a_fuzz.cc... LIBS mmcheck_workload...): a libFuzzer program; ./test runs
# each for a short time, from the corpus in the folder NAME_corpus beside it if there is one.
function(mmcheck_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  if(NOT TARGET mmcheck_fuzzers)
    add_custom_target(mmcheck_fuzzers)
  endif()
  add_dependencies(mmcheck_fuzzers ${name})
endfunction()

# mmcheck_add_subdirectories(FOLDER): each FOLDER/x that has a CMakeLists.txt, except those named.
function(mmcheck_add_subdirectories folder)
  file(GLOB lists CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*/CMakeLists.txt")
  foreach(list IN LISTS lists)
    get_filename_component(path "${list}" DIRECTORY)
    get_filename_component(name "${path}" NAME)
    if(NOT name IN_LIST ARGN)
      add_subdirectory("${path}" "${PROJECT_BINARY_DIR}/${folder}/${name}")
    endif()
  endforeach()
endfunction()
