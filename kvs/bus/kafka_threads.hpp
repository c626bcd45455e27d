// The threads by which a client of librdkafka talks to brokers, and how they are kept waiting for a moment.
//
// Every record that is queued while such a thread sleeps wakes it, and the system lets what has just woken up run
// before what is running: on a core they share it takes the record, sends it alone and sleeps again, and the next
// record wakes it once more. That is two switches, and a request of its own, for every record. A thread under
// SCHED_BATCH pushes nothing aside when it wakes up (sched(7)). For ever that would be wrong: beside something busy on
// the same core it would wait for milliseconds wherever it hears of an answer.
#pragma once
#include <sys/types.h>

#include <mutex>
#include <vector>

struct rd_kafka_conf_s;

namespace kvs {

// Outlives the client that is made of the settings. Any thread.
class KafkaThreads {
 public:
  KafkaThreads() = default;
  KafkaThreads(const KafkaThreads&) = delete;
  KafkaThreads& operator=(const KafkaThreads&) = delete;

  // Before the client is made of them.
  void follow(rd_kafka_conf_s* conf);

  // While it lives, the threads wait until a core has nothing better to do. Where the system does not allow it they do
  // not, and all that is lost is time. Short: a thread that begins or ends meanwhile waits for its end.
  class Patience {
   public:
    explicit Patience(KafkaThreads& threads);
    ~Patience();
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

   private:
    const std::unique_lock<std::mutex> lock_;
    const std::vector<pid_t>& threads_;
  };

  // Of the calling thread.
  void begun();
  void ended();

 private:
  std::mutex mutex_;
  std::vector<pid_t> threads_;
};

}  // namespace kvs
