// What is said on one HTTP connection: bytes in, answers out. Plain state without a socket; the Session moves the
// bytes.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "kvs/net/access.hpp"
#include "kvs/net/body_source.hpp"
#include "kvs/net/chunked.hpp"
#include "kvs/net/gate.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/inbox.hpp"
#include "kvs/net/pending_writes.hpp"
#include "kvs/net/read_wait.hpp"
#include "kvs/net/routes.hpp"
#include "kvs/net/target.hpp"
#include "kvs/net/watch_request.hpp"
#include "kvs/store/list_scan.hpp"

namespace kvs {

class EventFeed;
struct ApiDocument;

// What GET /v1/history/{key} looks for.
struct KeySearch {
  std::string key;
  std::size_t limit;
  std::optional<KeyHistory> found;  // then that
};

class Dialogue {
 public:
  // What has to happen before advance() can go on. Before each of them the output is to be sent, but for `verdicts`.
  enum class Need : std::uint8_t {
    next,      // nothing: call advance() again
    bytes,     // more of the next request
    body,      // more of the body under way: into body_room(), then body_received()
    verdicts,  // the pending writes settled, then settle()
    state,     // the state to become as new as a read wants it: until wait() is over, or give_up() at its deadline
    past,      // the state as of wanted_past(), or that there is none: then past_found()
    history,   // what happened to wanted_key(): then history_found()
    send,      // the output has grown large
    stream,    // next_piece() until there is none, then stream_done()
    watch,     // the connection turns into a watch: upgrade() says which
    poll,      // a long poll: wait as upgrade() says, then answer_poll()
    close,     // the last answer has been given
  };

  // So many bytes at its beginning are touched by every request: all but the end of the head and what is behind that.
  static constexpr std::size_t touched() {
    return sizeof(Dialogue) - sizeof(WatchRequest) - sizeof(RequestHead) + touched_of_head;
  }

  Dialogue(Worker& worker, Wakeup& wakeup, Arrival arrival, Origin peer);

  // The name in the client's certificate, before anything else; "" = none.
  void introduce(std::string certificate) { login_.emplace(worker_.counters().access, peer_, std::move(certificate)); }
  bool is_revoked() const { return login_->is_revoked(); }
  bool streaming() const { return source_ != nullptr; }
  // Bytes that wait for the client to take them.
  std::size_t output_held() const { return out_.size() + (source_ ? source_->held() : 0); }
  // What a streamed answer keeps in memory; null: nothing.
  const State* state_held() const { return source_ ? source_->state() : nullptr; }

  Need advance();

  Inbox& inbox() { return in_; }
  // What was lent to the inbox is somebody else's from now on.
  void keep_input();
  std::string& output() { return out_; }
  // All of it: its memory is for the next answers, whoever gives them.
  void output_sent();
  PendingWrites& writes() { return writes_; }
  void settle();
  ReadWait& wait() { return wait_; }
  Revision wanted_past() const { return past_->revision; }
  void past_found(std::optional<State> state);
  const KeySearch& wanted_key() const { return *search_; }
  void history_found(KeyHistory history) { search_->found = std::move(history); }

  std::size_t body_held() const { return chunks_ ? body_.size() : body_have_; }  // bytes of it that have come
  std::span<char> body_room();
  Need body_received(std::size_t count);
  bool wants_continue() const { return wants_continue_; }  // "100 Continue" is due before the body
  void continue_sent() { wants_continue_ = false; }
  // The body (or the rest of a head) did not come in time.
  void time_out();

  WatchRequest& upgrade() { return upgrade_; }
  // What was waited for, or nothing.
  Need answer_poll(EventFeed& feed);
  // Puts more of a streamed body into the output; false: that was the last of it.
  bool next_piece();
  bool stream_done();  // whether the connection goes on

  void drain() {
    draining_ = true;
    wait_.drain();
  }
  std::uint64_t heads() const { return heads_; }  // complete heads so far

 private:
  static constexpr std::size_t touched_of_head = 128;

  Need serve_head();
  void read_manners(const RouteInfo& route);
  void guess_manners();
  std::optional<Problem> authorize(const RouteInfo& route);
  std::optional<Problem> authorize_key(std::string_view encoded, bool writes) const;
  std::optional<Problem> authorize_read(std::string_view key) const;
  std::optional<Problem> authorize_write(std::string_view key) const;
  std::optional<Problem> authorize_transaction(const Transaction& transaction) const;
  // Leaves of `filter` what may be read. Error: that is nothing.
  std::optional<Problem> narrow(Filter& filter) const;
  std::optional<Problem> narrow(ListRange& range) const;
  std::optional<Problem> admit(const RouteInfo& route, std::size_t& body_limit);
  Need begin_body(std::size_t limit);
  Need take_chunks();
  Need serve(std::string_view body, std::size_t size, bool waited = false);
  Need dispatch(std::string_view body);
  Reply begin_answer();
  Need resume();
  Need refuse(const Problem& problem, std::string_view fields = {}, int status = 0);
  Need refuse_early(const Problem& problem, std::string_view fields = {});
  Need refuse_and_close(const Problem& problem, int status = 0);
  Need reject_head(const HeadResult& error);
  Need answered();
  // A 200 whose body comes from `source`: at once if it is one piece. `fields`: whole lines besides those that every
  // answer has.
  Need stream(Revision revision, std::string_view content_type, std::string_view fields,
              std::unique_ptr<BodySource> source);
  std::size_t begin_chunk();
  void end_chunk(std::size_t begin);
  // What a read begins with, before it looks at the state: nothing if that is as new as wanted, else what is needed
  // first (the read then begins anew), or the refusal.
  std::optional<Need> await_state(const result<Consistency>& wanted);
  // The state it is answered from then, and that state's number.
  const State& shown() const { return past_ ? *past_->state : worker_.view().held(); }
  Revision shown_revision() const { return past_ ? past_->revision : worker_.view().held().revision(); }
  bool wants_any_state() const { return head_.query().empty() && !head_.has(Known::kvs_min_revision); }
  std::optional<Need> await_state_leniently();
  Need options();

  Need kv_item(std::string_view body);
  // Of a write to /v1; nothing: it is something else.
  std::optional<WriteForm> write_form() const;
  bool is_put() const { return write_form() == WriteForm::put; }
  Need get_item(std::string_view key);
  Need list();
  Need key_history();
  void answer_item(const Record& record, bool as_record, int status);
  Need put_item(std::string_view key, std::string_view body);
  Need touch_item(std::string_view key);
  Need delete_item(std::string_view key);
  Need delete_range();
  Need transaction(std::string_view body);
  Need submit(Command&& command, WriteForm form);
  Need legacy_get(std::string_view body);
  Need legacy_set(std::string_view body);
  Need legacy_getall();
  Need request_outcome();
  Need snapshot();
  Need watch(std::string_view body);
  result<WatchRequest> asked_watch(std::string_view body);
  Need poll();
  Need answer_state(bool gap);
  void begin_websocket();
  void begin_stream();
  Need livez();
  Need readyz();
  Need metrics();
  Need status();
  Need document(const ApiDocument& document);
  Need root();
  Need ui();
  Need go_to_page(int status);

  Worker& worker_;
  const Arrival arrival_;
  const Origin peer_;
  std::optional<Login> login_;
  Inbox in_;
  std::string out_;
  PendingWrites writes_;
  ReadWait wait_;
  // A read that waits for the state: its body, and how much of the inbox the request takes.
  struct Paused {
    std::string_view body;
    std::size_t size;
    Counted in_flight;
  };
  std::optional<Paused> paused_;
  // The state of the past that a read is answered from.
  struct Past {
    Revision revision;
    bool known = false;
    std::optional<State> state;  // none, though known: it can't be had
  };
  std::optional<Past> past_;
  std::optional<KeySearch> search_;
  std::unique_ptr<BodySource> source_;
  bool chunked_out_ = false;
  std::size_t seen_ = 0;
  std::uint64_t heads_ = 0;
  bool may_skip_line_ = false;  // one empty line, once a request
  const RouteInfo* route_ = nullptr;
  Manners manners_;
  bool closing_ = false;   // the answer before said so
  bool draining_ = false;  // say so in the next one

  bool receiving_ = false;  // a body that did not come with its head
  bool wants_continue_ = false;
  std::optional<ChunkedDecoder> chunks_;
  std::string body_;
  std::size_t body_size_ = 0;  // of a body with a length
  std::size_t body_have_ = 0;
  std::size_t body_early_ = 0;  // bytes of it that came with the head
  NewRecord record_;            // a large PUT goes straight into its record
  std::string key_scratch_;
  RequestHead head_;  // its end, like all behind it, is seldom touched
  WatchRequest upgrade_;
};

}  // namespace kvs
