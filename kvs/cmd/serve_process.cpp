#include "kvs/cmd/serve_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace kvs {

void give_up_privileges() {
  ::umask(S_IRWXG | S_IRWXO);
  rlimit core{};
  if (::getrlimit(RLIMIT_CORE, &core) == 0) {
    core.rlim_cur = 0;
    ::setrlimit(RLIMIT_CORE, &core);
  }
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

unsigned connections_in_reach(unsigned wanted) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted + own_files) return wanted;
  return files.rlim_cur > own_files ? static_cast<unsigned>(files.rlim_cur - own_files) : 1;
}

}  // namespace kvs
