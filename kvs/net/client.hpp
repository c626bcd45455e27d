// An HTTP/1.1 client: one request after the other, on one connection as long as it lasts.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/net/client_address.hpp"
#include "kvs/net/client_connection.hpp"

namespace kvs {

struct ClientRequest {
  std::string method;
  std::string target;                                       // encoded already
  std::vector<std::pair<std::string, std::string>> fields;  // besides Host, Content-Length, User-Agent
  std::string body;
};

struct ClientAnswer {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case; of a repeated one the last
  std::string body;

  // "" if there is no such field; `name` in lower case.
  std::string_view field(const std::string& name) const;
};

// One thread, the executor's. The executor's context must outlive it.
class Client {
 public:
  // One line per request and answer, without bodies.
  using Trace = std::function<void(const std::string& line)>;

  Client(Executor executor, ServerAddress address, Trace trace = {});
  ~Client();

  const ServerAddress& address() const;

  // Any status is an answer. Throws ClientError; the next request then makes a new connection.
  awaitable<ClientAnswer> ask(ClientRequest request, ClientClock::time_point deadline);

  // The same for an answer of any size: the body of a 200 goes to `sink` as it comes (what that throws comes out here),
  // that of the returned answer is empty then. The answer's head and each further piece have `patience` to come.
  using Sink = std::function<void(std::string_view piece)>;
  awaitable<ClientAnswer> fetch(ClientRequest request, std::chrono::milliseconds patience, Sink sink);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace kvs
