#include "bench/forked.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace ttmesh {

Forked::Forked(const std::function<void()>& work) : process_(fork()) {
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "[Forked] fork");
  if (process_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int exit_code = 0;
  try {
    work();
  } catch (...) {
    exit_code = 1;
  }
  _exit(exit_code);
}

Forked::~Forked() { waitpid(process_, nullptr, 0); }

}  // namespace ttmesh
