// Where a watch has got to, kept in a file over its own end: one line, REVISION or REVISION@LOGID.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <filesystem>
#include <string>

#include "kvs/async.hpp"

namespace kvs {

// One thread.
class ResumeFile {
 public:
  // An empty path keeps nothing. Reads what is there; throws Failure (bad data) if that is no position.
  explicit ResumeFile(std::filesystem::path path);

  const std::string& position() const { return position_; }  // empty: none yet
  // Renamed into place, and only if it is another one. Throws Failure.
  void keep(const std::string& position);

  // To be kept by work(), a tenth of a second later at the latest: to sync for every one of many changes takes longer
  // than to print them. Whoever is killed in between sees those again.
  void keep_soon(const std::string& position);
  // Until stop(); what is due is kept before it returns. Throws as keep() does.
  awaitable<void> work(Executor executor);
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  std::filesystem::path path_;
  std::string position_;    // in the file
  std::string due_;         // to be there soon
  Timer* timer_ = nullptr;  // while work() waits
  bool stopping_ = false;
};

}  // namespace kvs
