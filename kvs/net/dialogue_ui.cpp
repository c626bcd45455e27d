// The page: /ui/ and its files; and the front page, which sends browsers there.
#include <boost/algorithm/string/replace.hpp>

#include "kvs/net/accept.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/dialogue.hpp"
#include "kvs/net/ui_files.hpp"

namespace kvs {

namespace {

constexpr std::string_view plain = "text/plain; charset=utf-8";

// The page needs nothing but its own files and this server's routes, and what somebody stored must never become a part
// of it: no script, style or frame from elsewhere, nothing inline, no markup made of text.
constexpr std::string_view page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-cache\r\n";

constexpr std::string_view front_page =
    "kvs " KVS_VERSION
    ": a key-value store whose changes can be watched\n"
    "\n"
    "  echo -n Ahmedabad | curl -T - SCHEME://HOST/v1/kv/City   set a key\n"
    "  curl SCHEME://HOST/v1/kv/City                            its bytes\n"
    "  curl 'SCHEME://HOST/v1/kv/City?record=1'                 with its revision\n"
    "  curl -X DELETE SCHEME://HOST/v1/kv/City                  delete it\n"
    "  curl -X PUT -H 'If-None-Match: *' SCHEME://HOST/v1/kv/lock   only if it is not there\n"
    "  curl SCHEME://HOST/getall                                everything as one JSON object\n"
    "  curl -N SCHEME://HOST/v1/watch                           every change from now on\n"
    "  curl SCHEME://HOST/v1/status                             how the server is doing\n"
    "  curl SCHEME://HOST/openapi.json                          all there is (events: /asyncapi.json)\n";

}  // namespace

const UiFile* find_ui_file(std::string_view name) {
  if (name.empty()) name = "index.html";
  for (const UiFile& file : ui_files()) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

Dialogue::Need Dialogue::ui() {
  if (!head_.path().starts_with(ui_prefix)) return go_to_page(307);
  const UiFile* file = find_ui_file(head_.path().substr(ui_prefix.size()));
  if (!file) return refuse({errc::no_such_route, "the page has no such file; it begins at /ui/"});
  std::string scratch;
  bool known = head_.has(Known::if_none_match) && names_tag(head_.list(Known::if_none_match, scratch), file->etag);
  Reply reply = begin_answer();
  reply.begin(known ? 304 : 200).field("ETag", file->etag).fields(page_fields);
  if (known) {
    reply.no_body();
  } else {
    reply.body(file->content_type, file->content);
  }
  return answered();
}

Dialogue::Need Dialogue::go_to_page(int status) {
  begin_answer()
      .begin(status)
      .field("Location", ui_prefix)
      .field("Vary", "Accept")
      .field("Cache-Control", "no-store")
      .body(plain, "the page is at /ui/\n");
  return answered();
}

// Browsers name text/html; curl and the like take what comes.
Dialogue::Need Dialogue::root() {
  if (worker_.options().ui && quality(head_.value(Known::accept), "text/html") > 0) return go_to_page(302);
  std::string text(front_page);
  std::string scheme(worker_.counters().tls && arrival_ != Arrival::local_socket ? "https" : "http");
  std::string host(head_.host().empty() ? "127.0.0.1:23333" : head_.host());
  boost::algorithm::replace_all(text, "SCHEME", scheme);
  boost::algorithm::replace_all(text, "HOST", host);
  if (worker_.options().ui) text += "\nIn a browser: " + scheme + "://" + host + "/ui/\n";
  Reply reply = begin_answer();
  reply.begin(200).field("Cache-Control", "no-store");
  if (worker_.options().ui) reply.field("Vary", "Accept");
  reply.body(plain, text);
  return answered();
}

}  // namespace kvs
