# Installs the explorer into a folder of its own, and builds examples/minimal against it.

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(code "${code}" PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(must_run)
  run(${ARGN})
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK}")
must_run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix" --component explore)
must_run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}/build" -G "${GENERATOR}"
  "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DCMAKE_CXX_COMPILER=${COMPILER}"
  "-DCMAKE_CXX_FLAGS=${FLAGS}")
must_run("${CMAKE_COMMAND}" --build "${WORK}/build")

run("${WORK}/build/minimal")
if(NOT code EQUAL 1 OR NOT output MATCHES "broken: no increment is lost")
  message(FATAL_ERROR "minimal exits with ${code} and prints:\n${output}")
endif()
