// The threads by which a client of librdkafka talks to brokers, and how they are kept waiting for a moment.
//
// Every record that is queued while such a thread sleeps wakes it, and Linux lets what has just woken up run before
// what is running: on a core they share it takes the record, sends it alone and sleeps again, and the next record wakes
// it once more. That is two switches, and a request of its own, for every record. A thread under SCHED_BATCH pushes
// nothing aside when it wakes up. For ever that would be wrong: beside something busy on the same core it would wait
// for milliseconds wherever it hears of an answer.
#pragma once
#include <sys/types.h>

#include <mutex>
#include <vector>

struct rd_kafka_conf_s;

namespace kvs {

// Of one client, which it must outlive. Any thread.
class KafkaThreads {
 public:
  KafkaThreads() = default;
  KafkaThreads(const KafkaThreads&) = delete;
  KafkaThreads& operator=(const KafkaThreads&) = delete;

  // Before the client is made of them. A thread counts from when it makes a connection until it closes it. (librdkafka
  // would also tell when threads begin and end, by interceptors; but of settings with interceptors it frees parts twice
  // if the client cannot be made: confluentinc/librdkafka#4142.)
  void follow(rd_kafka_conf_s* conf);

  // While it lives, the threads wait until a core has nothing better to do. Where the system does not allow it they do
  // not, and all that is lost is time. Short: whoever connects or closes meanwhile waits for its end.
  class Patience {
   public:
    explicit Patience(KafkaThreads& threads);
    ~Patience();
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

   private:
    void set(int policy) const;

    KafkaThreads& threads_;
    const std::unique_lock<std::mutex> lock_;
  };

  // socket(2) and close(2), on the thread that has the connection. A thread that was given another policy than the
  // usual one keeps it.
  int open_socket(int domain, int type, int protocol);
  int close_socket(int socket);

 private:
  struct Connection {
    int socket;
    pid_t thread;
  };
  std::mutex mutex_;
  std::vector<Connection> connections_;
};

}  // namespace kvs
