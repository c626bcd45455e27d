// The way into a watch.
#include <utility>

#include "kvs/net/dialogue.hpp"
#include "kvs/net/json_request.hpp"
#include "kvs/net/long_poll.hpp"
#include "kvs/net/watch_body.hpp"
#include "kvs/net/websocket.hpp"

namespace kvs {

namespace {

constexpr std::string_view websocket_version = "Sec-WebSocket-Version: 13\r\n";
constexpr std::string_view stream_fields = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nVary: Accept\r\n";

constexpr std::string_view poll_fields = "Cache-Control: no-store\r\nVary: Accept\r\n";

}  // namespace

result<WatchRequest> Dialogue::asked_watch(std::string_view body) {
  if (route_->route == Route::legacy_subscribe) return parse_subscribe(head_, worker_);
  if (head_.method() != Method::post) return parse_watch(head_, head_.query(), worker_);
  if (!head_.query().empty()) {
    return Problem{errc::bad_parameter,
                   "POST takes the parameters of a watch in its body, as JSON: leave the query out"};
  }
  if (auto problem = check_json_body(head_, "a watch's parameters")) return *problem;
  auto query = watch_query(body);
  if (!query) return query.error();
  return parse_watch(head_, *query, worker_);
}

Dialogue::Need Dialogue::watch(std::string_view body) {
  bool legacy = route_->route == Route::legacy_subscribe;
  if (legacy && !head_.wants_websocket()) {
    return refuse({errc::malformed, "this path is a WebSocket: connect to it with a WebSocket client"},
                  websocket_version, 400);
  }
  if (head_.wants_websocket()) {
    // Without an upgrade POST may be fine here: so it is the WebSocket's methods that are named.
    if (head_.method() != Method::get)
      return refuse({errc::method_not_allowed, "a WebSocket begins with GET"}, "Allow: GET, OPTIONS\r\n");
    if (auto error = check_upgrade(head_))
      return refuse({errc::malformed, std::string(error->detail)}, websocket_version, error->status);
  }
  auto request = asked_watch(body);
  if (!request) return refuse(request.error());
  if (auto problem = narrow(request->filter)) return refuse(*problem);
  request->holder = login_->holder();
  request->request_id = manners_.request_id;
  if (auto need = await_state(request->consistency)) return *need;
  if (auto problem = check_reach(*request, worker_)) {
    worker_.traffic().went_on(Resume::refused);
    return refuse(*problem);
  }
  upgrade_ = std::move(*request);
  if (upgrade_.form == WatchForm::array) return poll();
  if (head_.wants_websocket()) {
    begin_websocket();
  } else {
    begin_stream();
  }
  return Need::watch;
}

void Dialogue::begin_websocket() {
  manners_.close = false;
  Reply reply(worker_, upgrade_.head, manners_);
  reply.begin(101, upgrade_.after).field("Upgrade", "websocket").field("Connection", "Upgrade");
  reply.field("Sec-WebSocket-Accept", accept_key(head_.value(Known::sec_websocket_key)));
  std::string scratch;
  bool offered = list_names(head_.list(Known::sec_websocket_protocol, scratch), "kvs.v1");
  if (upgrade_.form == WatchForm::messages && offered) reply.field("Sec-WebSocket-Protocol", "kvs.v1");
  reply.no_body();
}

// With a state to be told there is nothing to wait for.
Dialogue::Need Dialogue::poll() {
  bool gap = upgrade_.after < worker_.store().oldest(worker_.view());
  if (gap || upgrade_.initial) return answer_state(gap);
  manners_.asked_wait = upgrade_.wait;
  return Need::poll;
}

Dialogue::Need Dialogue::answer_state(bool gap) {
  State state = upgrade_.initial ? std::exchange(upgrade_.state, {}) : worker_.view().held();
  Revision revision = state.revision();
  return stream(revision, "application/json", poll_fields,
                state_array(worker_, std::move(state), std::move(upgrade_), gap));
}

// `feed` has come to an end, or to what it has to tell.
Dialogue::Need Dialogue::answer_poll(EventFeed& feed) {
  manners_.close = manners_.close || draining_ || worker_.draining();
  worker_.view().state();
  if (feed.end() == EventFeed::End::unreadable) {
    return refuse(
        {errc::compacted, "older history could not be read here; the server's log says why", store_members(worker_)});
  }
  if (feed.end() == EventFeed::End::compacted) {  // meanwhile: it began above the end of the history
    upgrade_ = feed.request();
    upgrade_.after = feed.reached();
    if (auto problem = check_reach(upgrade_, worker_)) return refuse(*problem);
    return answer_state(true);
  }
  feed.frames().finish();
  begin_answer().begin(200, feed.reached()).fields(poll_fields).body("application/json", feed.frames().out());
  return answered();
}

// Nothing can follow on this connection: with HTTP/1.0 its end is the body's, else there is no need.
void Dialogue::begin_stream() {
  bool events = upgrade_.form == WatchForm::event_stream;
  upgrade_.chunked = head_.minor_version() != 0;
  manners_.close = true;
  {
    Reply reply(worker_, upgrade_.head, manners_);
    reply.begin(200, upgrade_.after).fields(stream_fields);
    reply.field("Content-Type", events ? "text/event-stream" : "application/x-ndjson");
    if (upgrade_.chunked) reply.field("Transfer-Encoding", "chunked");
    reply.no_body();
  }
  constexpr std::string_view retry = "retry: 1000\n\n";
  if (!events) return;
  if (upgrade_.chunked) {
    append_chunk(upgrade_.head, retry);
  } else {
    upgrade_.head += retry;
  }
}

}  // namespace kvs
