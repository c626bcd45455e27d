// The one thread for calls of librdkafka that block: they would stop the reader or an I/O thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kvs/bus/event_fd.hpp"

namespace kvs {

// Jobs run one after the other in the order they were given. What a job gives back is called on the reader's thread, if
// at all: only there may it touch who gave the job, who may be gone while the job runs.
// The queue needs no bound: whoever gives jobs waits for one to be finished before giving the next of its kind.
class KafkaWorker {
 public:
  using Finish = std::function<void()>;  // may be empty
  using Job = std::function<Finish()>;   // must not throw

  // `wake` is raised when a job has finished.
  explicit KafkaWorker(std::shared_ptr<EventFd> wake);
  // Runs what was given; nothing is called back.
  ~KafkaWorker();

  void give(Job job);

  // Reader's thread: calls what the finished jobs gave back.
  void run_finished();

 private:
  void run();

  const std::shared_ptr<EventFd> wake_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable given_;
  std::deque<Job> jobs_;
  std::vector<Finish> finished_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

// Lets go of what only a thread that may block can destroy.
template <class Client>
void dispose(KafkaWorker& worker, std::shared_ptr<Client>& client) {
  if (!client) return;
  worker.give([gone = std::move(client)]() mutable {
    gone.reset();
    return KafkaWorker::Finish();
  });
  client.reset();
}

}  // namespace kvs
