# Every dependency is a Debian package. One that is missing is named together with the command that
# installs all of them.
function(require_package name debian_package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "ttmesh needs ${name}, which was not found: install the package "
                        "'${debian_package}', or run scripts/install_dependencies.sh")
  endif()
endfunction()

require_package(Threads libc6-dev)
require_package(Asio libasio-dev)
require_package(CAF libcaf-dev)
require_package(DNNL libdnnl-dev)
require_package(hwy libhwy-dev)
require_package(fmt libfmt-dev)
require_package(LibYAML libyaml-dev)
require_package(Protobuf libprotobuf-dev)
require_package(msgpackc-cxx libmsgpack-cxx-dev CONFIG NAMES msgpack)
require_package(nlohmann_json nlohmann-json3-dev)
require_package(CLI11 libcli11-dev)
require_package(OpenMP libgomp1)
require_package(xxHash libxxhash-dev)

# Optional: without it, hosts talk over sockets alone. FindMPI looks for the C interface with the C
# compiler.
enable_language(C)
find_package(MPI QUIET COMPONENTS C)
if(NOT MPI_C_FOUND)
  message(STATUS "ttmesh is built without MPI: the package 'libopenmpi-dev' was not found")
endif()
