// A file descriptor that becomes readable when somebody calls: how librdkafka's threads and ours wake a reader that
// waits in its io_context.
#pragma once

namespace kvs {

class EventFd {
 public:
  EventFd();  // throws std::system_error
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  int get() const { return fd_; }
  void raise() const noexcept;  // any thread; readable from now on, until
  void clear() const noexcept;

 private:
  int fd_;
};

}  // namespace kvs
