#include "kvs/net/reply.hpp"

namespace kvs {

void Reply::common(int status) {
  if (status == 200) {
    out_ += worker_.ok_head();
  } else {
    append_status(out_, status);
    out_ += worker_.common_fields();
  }
  append_field(out_, "Kvs-Request-Id", manners_.request_id);
  if (manners_.close) {
    append_field(out_, "Connection", "close");
  } else if (manners_.http10) {
    append_field(out_, "Connection", "keep-alive");
  }
  if (!manners_.cors_origin.empty()) {
    append_field(out_, "Access-Control-Allow-Origin", manners_.cors_origin);
    append_field(out_, "Access-Control-Expose-Headers", "ETag, Kvs-Revision, Kvs-Log-Id, Kvs-Request-Id");
    append_field(out_, "Vary", "Origin");
  }
}

Reply& Reply::begin(int status, Revision revision) {
  common(status);
  append_field(out_, "Kvs-Revision", number(revision));
  return *this;
}

Reply& Reply::begin(int status) {
  if (worker_.view().ready()) return begin(status, worker_.view().state().revision());
  common(status);
  return *this;
}

void Reply::body(std::string_view content_type, std::string_view text) {
  append_field(out_, "Content-Type", content_type);
  append_head_end(out_, text.size());
  if (!manners_.head_only) out_ += text;
}

void Reply::problem(errc code, std::string_view detail, std::string_view extra, int status, std::string_view fields) {
  if (status == 0) status = http_status(code);
  begin(status);
  out_ += fields;
  if (status == 401) field("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) field("Retry-After", "1");
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
