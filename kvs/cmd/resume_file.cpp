#include "kvs/cmd/resume_file.hpp"

#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/private_file.hpp"
#include "kvs/position.hpp"

namespace kvs {
namespace {

constexpr std::chrono::milliseconds rest{100};  // between two times, while changes come

}  // namespace

ResumeFile::ResumeFile(std::filesystem::path path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::ifstream input(path_);
  if (!input && errno == ENOENT) return;
  if (!input)
    throw Failure(exit_code::other, "cannot read " + path_.string() + ": " + std::generic_category().message(errno));
  std::getline(input, position_);
  if (!parse_position(position_))
    throw Failure(exit_code::bad_data, path_.string() + " holds no revision to go on from",
                  "without the file the watch begins where --since, --initial or nothing says");
}

void ResumeFile::keep(const std::string& position) {
  if (path_.empty() || position.empty()) return;
  due_ = position;
  if (position == position_) return;
  replace_private_file(path_, position + "\n");
  position_ = position;
}

void ResumeFile::keep_soon(const std::string& position) {
  due_ = position;
  if (timer_ && timer_->expiry() == Clock::time_point::max()) timer_->cancel();
}

awaitable<void> ResumeFile::work(Executor executor) {
  Timer timer(executor);
  Clock::time_point next{};
  while (!path_.empty()) {
    bool is_due = !due_.empty() && due_ != position_;
    if (stopping_ || (is_due && Clock::now() >= next)) {
      keep(due_);
      if (stopping_) co_return;
      next = Clock::now() + rest;
      continue;
    }
    timer.expires_at(is_due ? next : Clock::time_point::max());
    timer_ = &timer;
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
    timer_ = nullptr;
  }
}

void ResumeFile::stop() {
  stopping_ = true;
  if (timer_) timer_->cancel();
}

}  // namespace kvs
