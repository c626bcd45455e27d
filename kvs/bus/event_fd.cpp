#include "kvs/bus/event_fd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace kvs {

EventFd::EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

EventFd::~EventFd() { ::close(fd_); }

// Neither can fail in a way that matters: a counter that is full is readable, one that is empty is not.
void EventFd::raise() const noexcept { ::eventfd_write(fd_, 1); }

void EventFd::clear() const noexcept {
  eventfd_t count;
  ::eventfd_read(fd_, &count);
}

}  // namespace kvs
