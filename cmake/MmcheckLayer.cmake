# mmcheck_layer(NAME [LINK_LIBRARY...]): the folder NAME as the library mmcheck_NAME.
#
# All headers are included as "folder/file.h". Were src itself the include path, every layer could
# include every other. So each layer has an include path of its own, which holds nothing but a link
# to its folder:
#
#     build/include/mm/mm -> src/mm        -I build/include/mm      #include "mm/page.h"
#
# "mm/page.h" is then found by those only that link mmcheck_mm, directly or through another layer.
# tests/tidy/layers_test.py proves it for each pair of layers.
#
# A folder without .cc files is an INTERFACE library. main.cc is never part of it.
function(mmcheck_layer name)
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  set(include_path "${PROJECT_BINARY_DIR}/include/${name}")
  file(MAKE_DIRECTORY "${include_path}")
  file(CREATE_LINK "${folder}" "${include_path}/${name}" SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  set(target mmcheck_${name})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(mmcheck::${name} ALIAS ${target})
  target_include_directories(${target} ${scope} "$<BUILD_INTERFACE:${include_path}>")
  target_compile_options(${target} ${scope}
    "$<BUILD_INTERFACE:-ffile-prefix-map=${include_path}/=src/>")
  target_link_libraries(${target} ${scope} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY MMCHECK_LAYERS ${name})
endfunction()
