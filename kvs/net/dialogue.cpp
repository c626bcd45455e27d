#include "kvs/net/dialogue.hpp"

#include <algorithm>
#include <cstring>

#include "kvs/give_back.hpp"
#include "kvs/net/api_document.hpp"
#include "kvs/net/cross_origin.hpp"
#include "kvs/net/starting.hpp"
#include "kvs/net/transaction_request.hpp"
#include "kvs/net/watch_body.hpp"
#include "kvs/net/write_request.hpp"

namespace kvs {

namespace {

// A legacy body is JSON: a byte of the value may take six there ("\u0000").
constexpr std::size_t json_growth = 6;
constexpr std::size_t json_overhead = 16 * 1024;
constexpr std::size_t body_room_size = 16 * 1024;
constexpr std::size_t kept_output = 128 * 1024;
constexpr std::size_t most_at_once = 64;  // requests of one connection before the others have their turn

Problem too_large(const RouteInfo& route, std::size_t limit) {
  return {route.route == Route::kv_item ? errc::value_too_large : errc::request_too_large,
          "the body is larger than the " + std::to_string(limit) + " bytes this server takes here"};
}

bool speaks_problems(std::string_view path) { return path.starts_with("/v1/") || path == "/v1"; }

// traceparent := 2HEX "-" trace-id:32HEX "-" parent-id:16HEX "-" flags:2HEX, and more in later versions (W3C Trace
// Context). Empty if it is not that.
std::string_view trace_id(std::string_view traceparent) {
  constexpr std::size_t at = 3, size = 32, least = 55;
  if (traceparent.size() < least || traceparent[at - 1] != '-' || traceparent[at + size] != '-') return {};
  if (traceparent.starts_with("ff")) return {};
  std::string_view id = traceparent.substr(at, size);
  bool hex = id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  bool any = id.find_first_not_of('0') != std::string_view::npos;
  return hex && any ? id : std::string_view{};
}

// The client's own id, if it gave a usable one.
std::string_view given_request_id(const RequestHead& head) {
  for (Known known : {Known::kvs_request_id, Known::x_request_id}) {
    std::string_view id = head.value(known);
    bool usable = !id.empty() && id.size() <= 128 &&
                  std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (usable) return id;
  }
  return trace_id(head.value(Known::traceparent));
}

}  // namespace

Dialogue::Dialogue(Worker& worker, Wakeup& wakeup, Arrival arrival, Origin peer)
    : worker_(worker), arrival_(arrival), peer_(peer), writes_(worker, wakeup), wait_(worker, wakeup) {
  introduce({});
}

Reply Dialogue::begin_answer() {
  if (out_.empty()) out_.swap(worker_.spare_output());
  return Reply(worker_, out_, manners_);
}

void Dialogue::settle() {
  if (out_.empty()) out_.swap(worker_.spare_output());
  if (writes_.answer(out_)) closing_ = true;
}

// The thread has at most one string to spare, the largest that is worth keeping.
void Dialogue::output_sent() {
  std::string& spare = worker_.spare_output();
  out_.clear();
  if (streaming()) return;  // the next piece is as large
  if (out_.capacity() <= kept_output && out_.capacity() > spare.capacity()) out_.swap(spare);
  give_back(out_);
}

Dialogue::Need Dialogue::advance() {
  for (std::size_t begun = 0;; ++begun) {
    if (closing_) return writes_.empty() ? Need::close : Need::verdicts;
    if (out_.size() > flush_above || begun == most_at_once) return Need::send;
    if (paused_) {
      Need need = resume();
      if (need != Need::next) return need;
      continue;
    }
    if (writes_.size() >= max_pipelined) return Need::verdicts;
    // RFC 9112, 2.2: some clients end a body with an empty line of their own. Nothing has begun by it.
    if (may_skip_line_ && in_.data().starts_with("\r\n")) {
      in_.consume(2);
      may_skip_line_ = false;
    }
    HeadResult parsed = parse_head(in_.data(), head_, seen_);
    if (parsed.kind == HeadResult::Kind::need_more) {
      seen_ = in_.data().size();
      return Need::bytes;
    }
    seen_ = 0;
    ++heads_;
    may_skip_line_ = true;
    Need need = parsed.kind == HeadResult::Kind::error ? reject_head(parsed) : serve_head();
    if (need != Need::next) return need;
  }
}

void Dialogue::keep_input() {
  std::string_view before = in_.data();
  if (!in_.keep()) return;
  const char* now = in_.data().data();
  head_.rebase(now);
  if (!paused_) return;
  std::string_view& body = paused_->body;
  bool behind_head = !receiving_;  // else it has memory of its own
  if (behind_head) body = {now + (body.data() - before.data()), body.size()};
}

Dialogue::Need Dialogue::reject_head(const HeadResult& error) {
  if (!writes_.empty()) return Need::verdicts;
  guess_manners();
  return refuse_and_close({error.code, std::string(error.detail)}, error.status);
}

// For a head that could not be read: by what its first line seems to ask for.
void Dialogue::guess_manners() {
  std::string_view line = in_.data().substr(0, in_.data().find('\r'));
  auto path = line.find(' ');
  manners_ = {};
  manners_.client = peer_;
  manners_.request_id = worker_.next_request_id();
  manners_.plain_errors = path == std::string_view::npos || !speaks_problems(line.substr(path + 1));
}

void Dialogue::read_manners(const RouteInfo& route) {
  manners_.route = route.route;
  manners_.method = head_.method();
  manners_.began = Clock::now();
  manners_.client = peer_;
  if (worker_.access_log().keys()) manners_.path = head_.path();
  std::string_view id = given_request_id(head_);
  manners_.request_id = id.empty() ? worker_.next_request_id() : std::string(id);
  manners_.cors_origin.clear();
  manners_.as_of.reset();
  manners_.head_only = head_.method() == Method::head;
  manners_.http10 = head_.minor_version() == 0 && head_.keep_alive();
  manners_.close = !head_.keep_alive() || draining_ || worker_.draining();
  manners_.plain_errors = route.legacy;
  manners_.reads = route.reads && !kvs::writes(route, head_.method());
}

Dialogue::Need Dialogue::serve_head() {
  route_ = &find_route(head_.path());
  // A read behind writes must see them; a write may join them in the order.
  if (!writes_.empty() && !kvs::writes(*route_, head_.method())) return Need::verdicts;
  read_manners(*route_);
  std::size_t limit = ignored_body_limit;
  if (auto problem = admit(*route_, limit)) {
    if (problem->code == errc::method_not_allowed) {
      return refuse_early(*problem, "Allow: " + std::string(route_->allow) + "\r\n");
    }
    return refuse_early(*problem);
  }
  std::uint64_t length = head_.content_length().value_or(0);
  if (length > limit) {
    return refuse_and_close(too_large(*route_, limit));
  }
  std::string_view arrived = in_.data().substr(head_.size());
  if (head_.chunked() || arrived.size() < length) return begin_body(limit);
  return serve(arrived.substr(0, length), head_.size() + length);
}

std::optional<Problem> Dialogue::admit(const RouteInfo& route, std::size_t& body_limit) {
  if (auto problem =
          check_gate(head_, kvs::writes(route, head_.method()), arrival_, worker_.options(), manners_.cors_origin))
    return problem;
  bool switched_off = route.route == Route::ui && !worker_.options().ui;
  if (route.route == Route::unknown || route.route == Route::unknown_v1 || switched_off) {
    return Problem{errc::no_such_route, "there is nothing at this path; GET / shows what there is"};
  }
  if (!allows(route, head_.method())) {
    return Problem{errc::method_not_allowed, "this path takes " + std::string(route.allow)};
  }
  if (auto problem = authorize(route)) return problem;
  if (!worker_.view().ready() && !route.while_starting && head_.method() != Method::options) {
    return Problem{errc::starting, starting_text(worker_.store()) + "; try again in a second"};
  }
  if (is_put()) body_limit = worker_.options().max_value_size;
  if (route.route == Route::watch && head_.method() == Method::post) body_limit = watch_body_limit;
  if (write_form() == WriteForm::transaction) body_limit = max_transaction_body(worker_.options().max_value_size);
  if (route.route == Route::legacy_set || route.route == Route::legacy_get) {
    if (head_.has(Known::content_encoding)) {
      return Problem{errc::unsupported_media_type, "the body is read as it is: send it without Content-Encoding"};
    }
    body_limit = json_growth * worker_.options().max_value_size + json_overhead;
  }
  return std::nullopt;
}

// The head stays in the inbox until the body is whole: what it says is needed then.
Dialogue::Need Dialogue::begin_body(std::size_t limit) {
  if (!writes_.empty()) return Need::verdicts;
  record_ = nullptr;
  if (auto form = write_form()) {  // before anybody takes the trouble to send the body
    Command asked;
    if (auto problem = read_write(head_, *form, asked)) return refuse_early(*problem);
  }
  if (is_put()) {
    auto key = decode_key(head_.path().substr(kv_item_prefix.size()), key_scratch_);
    if (!key) return refuse_early(key.error());
    if (!head_.chunked()) record_ = Record::make(*key, *head_.content_length(), head_.value(Known::content_type));
  }
  std::string_view arrived = in_.data().substr(head_.size());
  receiving_ = true;
  wants_continue_ = head_.expect_continue() && arrived.empty();
  body_.clear();
  if (head_.chunked()) {
    chunks_.emplace(limit);
    return arrived.empty() ? Need::body : take_chunks();
  }
  body_have_ = 0;
  body_early_ = arrived.size();
  body_size_ = *head_.content_length();
  if (!arrived.empty() && !record_) body_.resize(arrived.size());  // else a value is received where it will stay
  if (!arrived.empty()) std::memcpy(body_room().data(), arrived.data(), arrived.size());
  body_have_ = arrived.size();
  return Need::body;
}

std::span<char> Dialogue::body_room() {
  if (chunks_) {
    auto room = in_.room(body_room_size);
    head_.rebase(in_.data().data());
    return room;
  }
  if (record_) return record_->value_buffer().subspan(body_have_);
  // Memory follows what has come, not what was announced.
  if (body_have_ == body_.size()) body_.resize(std::min(body_size_, body_have_ + std::max(body_room_size, body_have_)));
  return std::span<char>(body_).subspan(body_have_);
}

Dialogue::Need Dialogue::body_received(std::size_t count) {
  if (chunks_) {
    in_.received(count);
    return take_chunks();
  }
  body_have_ += count;
  if (body_have_ < body_size_) return Need::body;
  return serve(body_, head_.size() + body_early_);
}

Dialogue::Need Dialogue::take_chunks() {
  std::string_view input = in_.data().substr(head_.size());
  switch (chunks_->feed(input, body_)) {
    case ChunkedDecoder::Status::need_more:
      in_.truncate(head_.size());
      return Need::body;
    case ChunkedDecoder::Status::done:
      return serve(body_, in_.data().size() - input.size());
    case ChunkedDecoder::Status::too_large:
      return refuse_and_close(too_large(*route_, chunks_->limit()));
    case ChunkedDecoder::Status::malformed:
    case ChunkedDecoder::Status::framing_too_large:
      return refuse_and_close({errc::malformed, std::string(chunks_->error())});
  }
  return Need::close;
}

// `size`: bytes of the inbox that the request takes. Who may do what is looked at again if it has taken its time.
Dialogue::Need Dialogue::serve(std::string_view body, std::size_t size, bool waited) {
  manners_.close = manners_.close || draining_ || worker_.draining();  // the body may have taken its time
  worker_.view().state();  // the newest there is, and the same one until the request is answered
  std::optional<Problem> denied;
  if (waited || receiving_) denied = authorize(*route_);
  Need need = denied ? refuse(*denied) : dispatch(body);
  if (need == Need::verdicts) return need;  // it will be looked at again behind the writes
  if (need == Need::state || need == Need::past || need == Need::history) {
    paused_.emplace(Paused{body, size, Counted(worker_.counters().in_flight)});
    return need;
  }
  in_.consume(size);
  receiving_ = false;
  past_.reset();
  search_.reset();
  chunks_.reset();
  record_ = nullptr;
  if (body_.capacity() > body_room_size) give_back(body_);
  return need;
}

// Nothing is received while a read waits, so its head and body are where they were.
Dialogue::Need Dialogue::resume() {
  if (wait_.waiting()) return Need::state;
  if (past_ && !past_->known) return Need::past;
  if (search_ && !search_->found) return Need::history;
  Paused paused = std::move(*paused_);
  paused_.reset();
  return serve(paused.body, paused.size, true);
}

std::optional<Dialogue::Need> Dialogue::await_state(const result<Consistency>& wanted) {
  if (!wanted) return refuse(wanted.error());
  if (past_) {  // for the second time
    if (past_->state) return std::nullopt;
    return refuse(past_problem(past_->revision, worker_));
  }
  if (wait_.idle()) wait_.begin(*wanted);
  if (wait_.waiting()) return Need::state;
  ReadWait::End end = wait_.end();
  if (end != ReadWait::End::reached) return refuse(read_problem(end, *wanted, worker_));
  if (!wanted->as_of || *wanted->as_of == worker_.view().held().revision()) return std::nullopt;
  if (worker_.crowded()) return refuse(read_problem(ReadWait::End::full, *wanted, worker_));
  if (worker_.counters().past_reads.load() >= max_past_reads) {
    return refuse(
        {errc::too_many_requests,
         "as many reads of earlier revisions as this server makes at once are under way; try again when one of "
         "them is done"});
  }
  past_.emplace(*wanted->as_of);
  if (*wanted->as_of != no_revision) return Need::past;
  past_found(State{});
  return std::nullopt;
}

void Dialogue::past_found(std::optional<State> state) {
  past_->known = true;
  past_->state = std::move(state);
  if (past_->state) manners_.as_of = past_->revision;
}

Dialogue::Need Dialogue::dispatch(std::string_view body) {
  if (head_.method() == Method::options) return options();
  switch (route_->route) {
    case Route::kv_item:
      return kv_item(body);
    case Route::kv_list:
      return head_.method() == Method::del ? delete_range() : list();
    case Route::key_history:
      return key_history();
    case Route::transaction:
      return transaction(body);
    case Route::watch:
    case Route::legacy_subscribe:
      return watch(body);
    case Route::status:
      return status();
    case Route::livez:
      return livez();
    case Route::readyz:
      return readyz();
    case Route::metrics:
      return metrics();
    case Route::openapi:
      return document(openapi_document());
    case Route::asyncapi:
      return document(asyncapi_document());
    case Route::root:
      return root();
    case Route::ui:
      return ui();
    case Route::legacy_set:
      return legacy_set(body);
    case Route::legacy_get:
      return legacy_get(body);
    case Route::legacy_getall:
      return legacy_getall();
    case Route::request_outcome:
      return request_outcome();
    case Route::snapshot:
      return snapshot();
    case Route::unknown:
    case Route::unknown_v1:
      break;  // admit() has refused them
  }
  return Need::close;
}

Dialogue::Need Dialogue::options() {
  Reply reply = begin_answer();
  reply.begin(204).field("Allow", route_->allow);
  if (!manners_.cors_origin.empty()) {
    reply.field("Access-Control-Allow-Methods", route_->allow)
        .field("Access-Control-Allow-Headers", cross_origin_request_fields())
        .field("Access-Control-Max-Age", cross_origin_max_age);
  }
  reply.no_body();
  return answered();
}

Dialogue::Need Dialogue::answered() {
  closing_ = closing_ || manners_.close;
  return Need::next;
}

}  // namespace kvs
