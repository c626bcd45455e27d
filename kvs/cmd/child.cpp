#include "kvs/cmd/child.hpp"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "kvs/cmd/failure.hpp"

extern char** environ;

namespace kvs {
namespace {

std::string message(int error) { return std::generic_category().message(error); }

Failure cannot_run(const std::string& program, int error) {
  if (error == ENOENT && program.find('/') == std::string::npos)
    return {exit_code::no_such_program, "cannot run " + program + ": it is not in the path"};
  return {error == ENOENT ? exit_code::no_such_program : exit_code::cannot_run,
          "cannot run " + program + ": " + message(error)};
}

// Pointers into strings that must outlive them, as exec wants them.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> joined(const Variables& environment) {
  std::vector<std::string> list;
  for (const auto& [name, value] : environment) list.push_back(name + "=" + value);
  return list;
}

// A file in memory: unlike a pipe it takes everything at once, and nobody has to read it.
int memory_with(std::string_view bytes) {
  int file = memfd_create("kvs-input", MFD_CLOEXEC);
  while (file >= 0 && !bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (file < 0 || !bytes.empty() || lseek(file, 0, SEEK_SET) != 0)
    throw Failure(exit_code::other, "cannot hand over the event: " + message(errno));
  return file;
}

// What posix_spawn() is told, and takes back.
struct Preparations {
  Preparations() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);  // which we ignore
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Preparations() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (input >= 0) ::close(input);
  }
  Preparations(const Preparations&) = delete;
  Preparations& operator=(const Preparations&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int input = -1;
};

pid_t spawn(const Child::Argv& argv, const Variables& environment, std::optional<std::string_view> input) {
  Preparations prepared;
  if (input) {
    prepared.input = memory_with(*input);
    posix_spawn_file_actions_adddup2(&prepared.actions, prepared.input, STDIN_FILENO);
  }
  Child::Argv words = argv;
  std::vector<std::string> variables = joined(environment);
  pid_t pid = 0;
  int error = posix_spawnp(&pid, words.front().c_str(), &prepared.actions, &prepared.attributes, pointers(words).data(),
                           pointers(variables).data());
  if (error != 0) throw cannot_run(words.front(), error);
  return pid;
}

int descriptor_of(pid_t pid) {
  // glibc 2.36 declares pidfd_open() for C only.
  int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) throw Failure(exit_code::other, "cannot wait for a program: " + message(errno));
  return descriptor;
}

}  // namespace

Variables own_environment() {
  Variables found;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text = *entry;
    std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

Child::Child(Executor executor, const Argv& argv, const Variables& environment, std::optional<std::string_view> input)
    : process_(std::make_shared<Process>(Process{spawn(argv, environment, input)})),
      end_(executor, descriptor_of(process_->pid)),
      patience_(executor) {}

awaitable<int> Child::wait() {
  boost::system::error_code error;
  co_await end_.async_wait(asio::posix::descriptor_base::wait_read, asio::redirect_error(use_awaitable, error));
  int status = 0;
  pid_t got = 0;
  do got = waitpid(process_->pid, &status, 0);
  while (got < 0 && errno == EINTR);
  process_->ended = true;
  patience_.cancel();
  co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Child::Process::signal(int number) const {
  if (!ended) ::kill(pid, number);
}

void Child::kill_after(std::chrono::milliseconds patience) {
  patience_.expires_after(patience);
  patience_.async_wait([process = process_](const boost::system::error_code& error) {
    if (!error) process->signal(SIGKILL);
  });
}

void become(const Child::Argv& argv, const Variables& environment) {
  Child::Argv words = argv;
  std::vector<std::string> variables = joined(environment);
  for (int number : {SIGPIPE, SIGINT, SIGTERM}) std::signal(number, SIG_DFL);
  execvpe(words.front().c_str(), pointers(words).data(), pointers(variables).data());
  throw cannot_run(words.front(), errno);
}

}  // namespace kvs
