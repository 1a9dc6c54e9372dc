# Debian's libxxhash-dev has no CMake configuration. Defines the target xxhash.
find_path(XXHASH_INCLUDE_DIR xxhash.h)
find_library(XXHASH_LIBRARY xxhash)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xxHash REQUIRED_VARS XXHASH_LIBRARY XXHASH_INCLUDE_DIR)
if(xxHash_FOUND AND NOT TARGET xxhash)
  add_library(xxhash UNKNOWN IMPORTED)
  set_target_properties(xxhash PROPERTIES IMPORTED_LOCATION ${XXHASH_LIBRARY}
                                          INTERFACE_INCLUDE_DIRECTORIES ${XXHASH_INCLUDE_DIR})
endif()
mark_as_advanced(XXHASH_INCLUDE_DIR XXHASH_LIBRARY)
