#include "kvs/cmd/input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "kvs/cmd/failure.hpp"

namespace kvs {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& name)
      : name_(name), number_(name.empty() ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (number_ < 0) fail();
  }
  ~Descriptor() {
    if (!name_.empty()) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  std::size_t read(std::vector<char>& into) const {
    while (true) {
      ssize_t count = ::read(number_, into.data(), into.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail();
    }
  }

  std::uint64_t size() const {
    struct stat about{};
    return ::fstat(number_, &about) == 0 && S_ISREG(about.st_mode) ? static_cast<std::uint64_t>(about.st_size) : 0;
  }

 private:
  [[noreturn]] void fail() const {
    throw Failure(exit_code::other,
                  "cannot read " + (name_.empty() ? "stdin" : name_) + ": " + std::generic_category().message(errno));
  }

  std::string name_;  // empty: standard input
  int number_;
};

void read_pieces(const std::string& name, const TakeInput& take) {
  constexpr std::size_t piece_size = 256 * 1024;
  Descriptor descriptor(name);
  std::uint64_t all = descriptor.size();
  std::vector<char> piece(piece_size);
  while (std::size_t count = descriptor.read(piece)) take({piece.data(), count}, all);
}

std::string read_all(const std::string& name) {
  std::string bytes;
  read_pieces(name, [&](std::string_view piece, std::uint64_t) { bytes += piece; });
  return bytes;
}

// The name a descriptor is opened by: empty for standard input.
std::string source(const std::string& name, const std::string& usage) {
  if (!name.empty() && name != "-") return name;
  if (isatty(STDIN_FILENO) == 1) throw UsageError("what? stdin is a terminal", usage);
  return {};
}

}  // namespace

std::string read_stdin() { return read_all(""); }
std::string read_file(const std::string& name) {
  if (name.empty()) throw UsageError("a file has a name");
  return read_all(name);
}

std::string read_input(const std::string& name, const std::string& usage) { return read_all(source(name, usage)); }

void read_input_pieces(const std::string& name, const std::string& usage, const TakeInput& take) {
  read_pieces(source(name, usage), take);
}

}  // namespace kvs
