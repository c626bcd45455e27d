// A thread that does small jobs one after the other: getting files ready, removing old ones.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace kvs {

// Its destructor finishes what was asked for.
class Background {
 public:
  // threaded = false: every job is done at once by whoever asks, so that tests see one order of calls.
  explicit Background(bool threaded);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // What the job gives or throws comes through the future (dropping it waits for nothing).
  template <class Job>
  std::future<std::invoke_result_t<Job>> run(Job job) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Job>()>>(std::move(job));
    auto result = task->get_future();
    post([task] { (*task)(); });
    return result;
  }

  // Returns once everything asked for before is done.
  void drain();

 private:
  void post(std::function<void()> job);
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace kvs
