#include "kvs/bus/kafka_threads.hpp"

#include <librdkafka/rdkafka.h>
#include <sched.h>
#include <unistd.h>

namespace kvs {

namespace {

// Clients have a thread for each broker of a cluster, and setting one costs a system call. It is the partition's leader
// that matters; beyond so many it is left to chance.
constexpr std::size_t most_threads = 16;

constexpr const char* name = "kvs";

KafkaThreads& threads_of(void* opaque) { return *static_cast<KafkaThreads*>(opaque); }

rd_kafka_resp_err_t thread_begun(rd_kafka_t*, rd_kafka_thread_type_t type, const char*, void* opaque) {
  if (type == RD_KAFKA_THREAD_BROKER) threads_of(opaque).begun();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t thread_ended(rd_kafka_t*, rd_kafka_thread_type_t, const char*, void* opaque) {
  threads_of(opaque).ended();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t client_made(rd_kafka_t* client, const rd_kafka_conf_t*, void* opaque, char*, std::size_t) {
  rd_kafka_interceptor_add_on_thread_start(client, name, thread_begun, opaque);
  rd_kafka_interceptor_add_on_thread_exit(client, name, thread_ended, opaque);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void set(const std::vector<pid_t>& threads, int policy) {
  const sched_param none{};
  for (pid_t thread : threads) ::sched_setscheduler(thread, policy, &none);
}

}  // namespace

void KafkaThreads::follow(rd_kafka_conf_s* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, name, client_made, this);
}

// Whoever runs us under another policy wants that one.
void KafkaThreads::begun() {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;
  std::lock_guard lock(mutex_);
  if (threads_.size() < most_threads) threads_.push_back(::gettid());
}

void KafkaThreads::ended() {
  std::lock_guard lock(mutex_);
  std::erase(threads_, ::gettid());
}

KafkaThreads::Patience::Patience(KafkaThreads& threads) : lock_(threads.mutex_), threads_(threads.threads_) {
  set(threads_, SCHED_BATCH);
}

KafkaThreads::Patience::~Patience() { set(threads_, SCHED_OTHER); }

}  // namespace kvs
