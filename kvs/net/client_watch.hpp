// A WebSocket connection that only listens: the client's end of /v1/watch and /subscribe.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "kvs/async.hpp"
#include "kvs/net/client.hpp"
#include "kvs/net/client_address.hpp"
#include "kvs/net/client_connection.hpp"

namespace kvs {

// How a stream of messages ended: the closing code and reason, or 1006 (RFC 6455, 7.1.5) and what broke.
struct WatchEnd {
  int code = 1006;
  std::string reason;
};

// One connection, to be opened once; the next try takes a new object. One thread, the executor's.
class ClientWatch {
 public:
  ClientWatch(Executor executor, ServerAddress address, Client::Trace trace = {});
  ~ClientWatch();

  // Gives the answer: 101, or why not. `protocol` may be empty. Throws ClientError.
  awaitable<ClientAnswer> open(std::string target, std::string protocol, ClientClock::time_point deadline);

  // The next message; nullopt at the end, which end() then tells. A server that is silent for 40 s, also to pings, is
  // gone.
  awaitable<std::optional<std::string>> next();
  const WatchEnd& end() const;

  // The closing handshake, once; next() may be waiting meanwhile and ends. Does not throw.
  awaitable<void> close();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace kvs
