// The listeners, and the way connections get to the I/O threads.
#pragma once
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "kvs/net/gate.hpp"
#include "kvs/net/listen_address.hpp"
#include "kvs/net/seldom.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

using Workers = std::vector<std::unique_ptr<Worker>>;

// Used on the thread of the first worker (or before the threads run). The workers must outlive it.
class Server {
 public:
  Server(Workers& workers, const ServerOptions& options, ServerCounters& counters)
      : workers_(workers), options_(options), counters_(counters), crowd_timer_(workers.front()->executor()) {}
  ~Server();

  // Opens a listener, or takes over the one that is open. Throws std::runtime_error naming the address. Returns its URL
  // with the port it got.
  std::string listen(const ListenAddress& address);
  // Connections are taken from now on, each by the next thread in turn.
  void start();
  // The listeners close; connections go on.
  void stop_accepting();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;
  struct Listener {
    Acceptor acceptor;
    Arrival arrival;
    std::filesystem::path path;
  };
  awaitable<void> accept(Listener& listener);
  void welcome(Worker& worker, Socket& socket, Arrival arrival);
  void turn_away(Socket& socket, const Origin& peer, bool by_address);
  awaitable<void> follow_crowd();
  Listener& open(const asio::generic::stream_protocol::endpoint& endpoint, int descriptor, Arrival arrival);

  Workers& workers_;
  const ServerOptions& options_;
  ServerCounters& counters_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::size_t next_ = 0;
  std::uint64_t crowd_ = 0;  // the most connections since memory was given back
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> crowd_timer_;
  Seldom to_say_{std::chrono::seconds(1)};  // that connections are turned away
  std::uint64_t not_said_ = 0;              // of them
  bool stopping_ = false;
};

}  // namespace kvs
