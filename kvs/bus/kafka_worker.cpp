#include "kvs/bus/kafka_worker.hpp"

#include <utility>

namespace kvs {

KafkaWorker::KafkaWorker(std::shared_ptr<EventFd> wake) : wake_(std::move(wake)), thread_([this] { run(); }) {}

KafkaWorker::~KafkaWorker() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  given_.notify_one();
  thread_.join();
}

void KafkaWorker::give(Job job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  given_.notify_one();
}

void KafkaWorker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    given_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      Finish finish = job();
      job = nullptr;  // what it held goes before the reader hears of the end
      lock.lock();
      if (finish) finished_.push_back(std::move(finish));
    }
    wake_->raise();
  }
}

void KafkaWorker::run_finished() {
  std::vector<Finish> finished;
  {
    std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (Finish& finish : finished) finish();
}

}  // namespace kvs
