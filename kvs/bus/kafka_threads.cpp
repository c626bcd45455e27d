#include "kvs/bus/kafka_threads.hpp"

#include <librdkafka/rdkafka.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kvs {

namespace {

KafkaThreads& threads_of(void* opaque) { return *static_cast<KafkaThreads*>(opaque); }

int open_for(int domain, int type, int protocol, void* opaque) {
  return threads_of(opaque).open_socket(domain, type, protocol);
}

int close_for(int socket, void* opaque) { return threads_of(opaque).close_socket(socket); }

}  // namespace

void KafkaThreads::follow(rd_kafka_conf_s* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_socket_cb(conf, open_for);
  rd_kafka_conf_set_closesocket_cb(conf, close_for);
}

int KafkaThreads::open_socket(int domain, int type, int protocol) {
  int socket = ::socket(domain, type | SOCK_CLOEXEC, protocol);
  if (socket < 0 || ::sched_getscheduler(0) != SCHED_OTHER) return socket;
  std::lock_guard lock(mutex_);
  connections_.push_back({socket, ::gettid()});
  return socket;
}

// First forgotten, then closed: the number may be another connection's at once.
int KafkaThreads::close_socket(int socket) {
  {
    std::lock_guard lock(mutex_);
    std::erase_if(connections_, [socket](const Connection& one) { return one.socket == socket; });
  }
  return ::close(socket);
}

KafkaThreads::Patience::Patience(KafkaThreads& threads) : threads_(threads), lock_(threads.mutex_) { set(SCHED_BATCH); }

KafkaThreads::Patience::~Patience() { set(SCHED_OTHER); }

void KafkaThreads::Patience::set(int policy) const {
  const sched_param none{};
  for (const Connection& one : threads_.connections_) ::sched_setscheduler(one.thread, policy, &none);
}

}  // namespace kvs
