#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace kvs::load {

// A connected, non-blocking TCP socket; closed with a reset, so that thousands of them leave no port behind in
// TIME_WAIT.
class Socket {
 public:
  // To 127.0.0.1; waits until connected, throws std::system_error.
  explicit Socket(std::uint16_t port);
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  int fd() const { return fd_; }

  // What was taken now: 0 if nothing can be at the moment. Throw std::system_error; `read` also at the end of the
  // stream.
  std::size_t read(char* to, std::size_t size);
  std::size_t write(std::string_view bytes);

 private:
  int fd_;
};

// As many open files as the system lets us have.
void raise_file_limit();

}  // namespace kvs::load
