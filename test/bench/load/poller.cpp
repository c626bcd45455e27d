#include "test/bench/load/poller.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "test/bench/load/clock.hpp"

namespace kvs::load {
namespace {

constexpr std::int64_t kLongestWaitNs = 10'000'000;

}  // namespace

Poller::Poller(bool spin) : fd_(::epoll_create1(EPOLL_CLOEXEC)), spin_(spin), began_(now_ns()), last_(began_) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // or a wait of 20 µs lasts 70
}

Poller::~Poller() { ::close(fd_); }

void Poller::add(int fd, Pollable& owner) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.ptr = &owner;
  if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

std::int64_t Poller::poll(std::int64_t until) {
  std::array<epoll_event, 256> events;
  const timespec wait{0, spin_ ? 0 : std::clamp<std::int64_t>(until - now_ns(), 0, kLongestWaitNs)};
  const int count = ::epoll_pwait2(fd_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
  if (count <= 0 || !spin_) {  // asleep, or round once for nothing
    const std::int64_t now = now_ns();
    idle_ += now - last_;
    last_ = now;
  }
  for (int i = 0; i < count; ++i) static_cast<Pollable*>(events[static_cast<std::size_t>(i)].data.ptr)->ready();
  if (count > 0) {
    last_ = now_ns();
    ++rounds_;
    told_ += static_cast<std::uint64_t>(count);
  }
  return last_;
}

double Poller::busy() const {
  const auto all = last_ - began_;
  return all == 0 ? 0 : 1 - static_cast<double>(idle_) / static_cast<double>(all);
}

double Poller::at_once() const { return rounds_ == 0 ? 0 : static_cast<double>(told_) / static_cast<double>(rounds_); }

void Poller::reset() {
  began_ = last_ = now_ns();
  idle_ = 0;
  rounds_ = told_ = 0;
}

}  // namespace kvs::load
