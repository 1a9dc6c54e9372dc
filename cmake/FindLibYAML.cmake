# Debian's libyaml-dev has no CMake configuration. Defines the target LibYAML::yaml.
find_path(LIBYAML_INCLUDE_DIR yaml.h)
find_library(LIBYAML_LIBRARY yaml)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibYAML REQUIRED_VARS LIBYAML_LIBRARY LIBYAML_INCLUDE_DIR)
if(LibYAML_FOUND AND NOT TARGET LibYAML::yaml)
  add_library(LibYAML::yaml UNKNOWN IMPORTED)
  set_target_properties(LibYAML::yaml PROPERTIES IMPORTED_LOCATION ${LIBYAML_LIBRARY}
                                                 INTERFACE_INCLUDE_DIRECTORIES ${LIBYAML_INCLUDE_DIR})
endif()
mark_as_advanced(LIBYAML_INCLUDE_DIR LIBYAML_LIBRARY)
