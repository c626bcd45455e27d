#include "test/bench/load/dialect.hpp"

#include <algorithm>
#include <stdexcept>

#include "test/bench/load/http_answers.hpp"
#include "test/bench/load/line_answers.hpp"

namespace kvs::load {
namespace {

std::string bulk(std::string_view text) {  // RESP: $length CRLF bytes CRLF
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

Dialect http(std::string_view operation, std::size_t value_size, const std::string& ttl) {
  Dialect dialect;
  dialect.reader = std::make_unique<HttpAnswers>();
  if (operation == "get") {
    dialect.before_key = "GET /v1/kv/";
    dialect.after_key = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  } else {
    dialect.before_key = ttl.empty() ? "PUT /v1/kv/" : "PUT /v1/kv/expiring/";  // not those that others ask for
    dialect.after_key = (ttl.empty() ? "" : "?ttl=" + ttl) +
                        " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(value_size) + "\r\n\r\n" +
                        std::string(value_size, 'x');
  }
  return dialect;
}

Dialect redis(std::string_view operation, std::size_t value_size) {
  const std::string key_length = "$" + std::to_string(kKeySize) + "\r\n";
  Dialect dialect;
  dialect.reader = std::make_unique<RespAnswers>();
  if (operation == "get") {
    dialect.before_key = "*2\r\n" + bulk("GET") + key_length;
    dialect.after_key = "\r\n";
  } else if (operation == "set") {
    dialect.before_key = "*3\r\n" + bulk("SET") + key_length;
    dialect.after_key = "\r\n" + bulk(std::string(value_size, 'x'));
  } else {  // the key goes in front of the payload, which keeps its size
    dialect.before_key = "*3\r\n" + bulk("PUBLISH") + bulk(kSubject) + "$" + std::to_string(value_size) + "\r\n";
    dialect.after_key = std::string(value_size - kKeySize, 'x') + "\r\n";
  }
  return dialect;
}

Dialect nats(std::size_t value_size) {
  Dialect dialect;
  dialect.reader = std::make_unique<NatsAnswers>();
  dialect.before_key = "PUB " + std::string(kSubject) + " " + std::to_string(value_size) + "\r\n";
  dialect.after_key = std::string(value_size - kKeySize, 'x') + "\r\n";
  dialect.after_batch = "PING\r\n";  // PUB itself is not answered
  dialect.answers_a_batch = true;
  return dialect;
}

}  // namespace

Dialect make_dialect(const Options& options, std::string_view operation) {
  if (operation == "mixed") {
    Dialect dialect = make_dialect(options, "get");
    Dialect set = make_dialect(options, "set");
    dialect.other_every = 10;
    dialect.before_other_key = std::move(set.before_key);
    dialect.after_other_key = std::move(set.after_key);
    return dialect;
  }
  if (options.protocol == "kvs") return http(operation, options.value_size, options.ttl);
  if (options.protocol == "nginx" && operation == "get") return http(operation, options.value_size, {});
  if (options.protocol == "redis") return redis(operation, options.value_size);
  if (options.protocol == "nats" && operation == "publish") return nats(options.value_size);
  throw std::invalid_argument("no " + std::string(operation) + " with protocol " + options.protocol);
}

}  // namespace kvs::load
