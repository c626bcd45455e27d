// A socket to a server, TCP or local, that is closed when its time is up.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "kvs/async.hpp"
#include "kvs/net/client_address.hpp"

namespace kvs {

// What went wrong between client and server; what() is for people ("connection refused"), without the server's name.
class ClientError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    unreachable,  // nothing of the request can have arrived
    lost,         // the connection ended before the answer was complete
    timed_out,
    bad_answer,  // what came is no HTTP
    own_files,   // a certificate or key of the client's can't be used
  };
  // `sent`: some of the request may have arrived, so that a write may have taken effect.
  ClientError(Kind kind, const std::string& message, bool sent)
      : std::runtime_error(message), kind_(kind), sent_(sent) {}

  Kind kind() const { return kind_; }
  bool sent() const { return sent_; }

 private:
  Kind kind_;
  bool sent_;
};

using ClientClock = std::chrono::steady_clock;
using ClientSocket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

// Closes the socket at `at`, so that whatever waits on it ends with an error. Must not outlive the socket.
class Deadline {
 public:
  Deadline(ClientSocket& socket, ClientClock::time_point at);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  bool passed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Tries every address the host has, in the resolver's order. `deadline` watches over `socket`. Throws ClientError.
awaitable<void> connect(ClientSocket& socket, const ServerAddress& address, const Deadline& deadline);

// Lower case at the beginning, as the middle of a sentence wants it.
std::string plain_message(const boost::system::error_code& error);

}  // namespace kvs
