# layer(NAME SOURCES ... [PUBLIC target ...] [PRIVATE target ...])
#   One folder of the project as a static library `ttmesh_NAME`. PUBLIC names what its headers use,
#   PRIVATE what only its sources do: lower layers (by their NAME) and packages (by their target).
#
# layer_test(NAME SOURCES ... [LINK target ...] [PARTS part filter ...])
#   The GoogleTest binary of a layer, run by ctest as one test; or of a part of one, which LINK names.
#   What a filter of PARTS selects is run as a test of its own instead, NAME_part. Filters must not
#   overlap.
# Designated initialisers leave the other fields at their defaults on purpose.
set(TTMESH_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
    -Wno-missing-field-initializers)

set(TTMESH_COVERAGE "" CACHE STRING "Folder whose lines are counted as tests run them")
cmake_path(APPEND PROJECT_SOURCE_DIR "${TTMESH_COVERAGE}" OUTPUT_VARIABLE TTMESH_COVERAGE_FOLDER)

function(ttmesh_resolve out)
  set(resolved)
  foreach(name IN LISTS ARGN)
    if(TARGET ttmesh_${name})
      list(APPEND resolved ttmesh_${name})
    else()
      list(APPEND resolved ${name})
    endif()
  endforeach()
  set(${out} ${resolved} PARENT_SCOPE)
endfunction()

function(layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(ttmesh_${name} STATIC ${arg_SOURCES})
  target_compile_features(ttmesh_${name} PUBLIC cxx_std_20)
  target_include_directories(ttmesh_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(ttmesh_${name} PRIVATE ${TTMESH_WARNINGS})
  ttmesh_resolve(public ${arg_PUBLIC})
  ttmesh_resolve(private ${arg_PRIVATE})
  target_link_libraries(ttmesh_${name} PUBLIC ${public} PRIVATE ${private})
  # Its folder alone, so that all others come from the release build's cache.
  cmake_path(IS_PREFIX TTMESH_COVERAGE_FOLDER "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE counted)
  if(TTMESH_COVERAGE AND counted)
    target_compile_options(ttmesh_${name} PRIVATE -O1 --coverage -fprofile-update=atomic)
    target_link_options(ttmesh_${name} INTERFACE --coverage)
  endif()
endfunction()

function(layer_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;PARTS" ${ARGN})
  add_executable(ttmesh_${name}_test ${arg_SOURCES})
  target_compile_options(ttmesh_${name}_test PRIVATE ${TTMESH_WARNINGS})
  target_compile_definitions(ttmesh_${name}_test PRIVATE
    TTMESH_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TTMESH_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set(layer)
  if(TARGET ttmesh_${name})
    set(layer ${name})
  endif()
  ttmesh_resolve(link ${layer} ${arg_LINK})
  target_link_libraries(ttmesh_${name}_test PRIVATE ${link} GTest::gmock GTest::gtest_main)
  set(tests ${name})
  set(apart)
  while(arg_PARTS)
    list(POP_FRONT arg_PARTS part filter)
    add_test(NAME ${name}_${part} COMMAND ttmesh_${name}_test --gtest_filter=${filter})
    list(APPEND tests ${name}_${part})
    list(APPEND apart ${filter})
  endwhile()
  list(JOIN apart ":" apart)
  add_test(NAME ${name} COMMAND ttmesh_${name}_test --gtest_filter=-${apart})
  # Threads of OpenMP that wait for work else keep a processor from the other tests.
  set_tests_properties(${tests} PROPERTIES ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
