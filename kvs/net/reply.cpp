#include "kvs/net/reply.hpp"

#include <algorithm>

#include "kvs/net/cross_origin.hpp"

namespace kvs {

// Once for each answer, when it is complete but for what is streamed behind it.
void Reply::note(std::size_t bytes) {
  AccessLog& log = worker_.access_log();
  if (!log.wants(status_, took_)) return;
  Exchange exchange;
  exchange.method = to_string(manners_.method);
  exchange.route = path_template(manners_.route);
  exchange.path = manners_.path;
  exchange.request_id = manners_.request_id;
  exchange.client = manners_.client;
  exchange.status = status_;
  exchange.bytes = bytes;
  exchange.took = took_;
  exchange.asked_wait = manners_.asked_wait;
  exchange.expected = manners_.route == Route::legacy_get && status_ == 500;  // how it says "no such key"
  log.write(exchange);
}

void Reply::common(int status) {
  status_ = status;
  took_ = Clock::now() - manners_.began;
  worker_.traffic().answered(manners_.route, manners_.method, status, took_);
  if (status == 200) {
    text_ << worker_.ok_head();
  } else {
    text_ << status_line(status) << worker_.common_fields();
  }
  text_ << "Kvs-Request-Id: " << manners_.request_id;
  if (manners_.close) {
    text_ << "\r\nConnection: close";
  } else if (manners_.http10) {
    text_ << "\r\nConnection: keep-alive";
  }
  text_ << "\r\n";
  if (manners_.reads) say_staleness();
  if (manners_.cors_origin.empty()) return;
  field("Access-Control-Allow-Origin", manners_.cors_origin);
  field("Access-Control-Expose-Headers", cross_origin_answer_fields());
  field("Vary", "Origin");
}

// Only what was acknowledged since the bus went away can be missing here.
void Reply::say_staleness() {
  auto since = worker_.view().away_since();
  if (!since) return;
  auto away = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *since);
  text_ << "Kvs-Stale-Ms: " << static_cast<std::uint64_t>(std::max(away.count(), std::chrono::milliseconds::rep{0}))
        << "\r\n";
}

bool Reply::may_get_better() const { return worker_.store().phase() != Phase::failed; }

Reply& Reply::begin(int status, Revision revision) {
  common(status);
  text_ << "Kvs-Revision: " << number(revision) << "\r\n";
  return *this;
}

Reply& Reply::begin(int status) {
  if (manners_.as_of) return begin(status, *manners_.as_of);
  if (worker_.view().ready()) return begin(status, worker_.view().held().revision());
  common(status);
  return *this;
}

void Reply::body(std::string_view content_type, std::string_view text) {
  text_ << "Content-Type: " << content_type << "\r\nContent-Length: " << std::uint64_t{text.size()} << "\r\n\r\n";
  if (!manners_.head_only) text_ << text;
  note(manners_.head_only ? 0 : text.size());
}

void Reply::problem(errc code, std::string_view detail, std::string_view extra, int status, std::string_view fields) {
  if (status == 0) status = http_status(code);
  begin(status);
  text_ << fields;
  if (status == 401) field("WWW-Authenticate", "Bearer");
  if (status == 429 || (status == 503 && may_get_better())) field("Retry-After", "1");
  field("Cache-Control", "no-store");
  if (manners_.plain_errors) {
    body("text/plain; charset=utf-8", std::string(detail) + '\n');
    return;
  }
  std::string text;
  append_problem(text, code, detail, manners_.request_id, extra, status);
  body("application/problem+json", text);
}

}  // namespace kvs
