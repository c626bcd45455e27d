// /set, /get and /getall of the original project.
#include "kvs/net/dialogue.hpp"
#include "kvs/net/legacy_json.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/server_options.hpp"
#include "kvs/store/list_scan.hpp"

namespace kvs {

namespace {

constexpr std::string_view plain = "text/plain; charset=utf-8";

// {"City":"Ahmedabad",…}
class AllPairs final : public BodySource {
 public:
  explicit AllPairs(ListScan scan) : scan_(std::move(scan)), next_(scan_.next()) {}

  bool next(std::string& out) override {
    std::size_t begin = out.size();
    if (!std::exchange(begun_, true)) out += '{';
    for (; next_ && out.size() - begin < piece_bytes; next_ = scan_.next()) {
      if (!std::exchange(first_, false)) out += ',';
      append_legacy_member(out, next_.record->key(), next_.record->value());
    }
    if (!next_) out += "}\n";
    return static_cast<bool>(next_);
  }
  const State* state() const override { return &scan_.state(); }

 private:
  ListScan scan_;
  ListScan::Entry next_;
  bool begun_ = false;
  bool first_ = true;
};

}  // namespace

std::optional<Dialogue::Need> Dialogue::await_state_leniently() {
  if (wants_any_state()) return std::nullopt;
  return await_state(parse_consistency(head_, parse_query_leniently(head_.query()), worker_));
}

Dialogue::Need Dialogue::legacy_set(std::string_view body) {
  auto parsed = parse_legacy_body(body);
  if (!parsed) return refuse(parsed.error());
  if (parsed->key.empty()) return refuse({errc::empty_key, "a key has at least one byte"});
  if (parsed->key.size() > max_key_size) return refuse({errc::key_too_large, "a key has at most 1,024 bytes"});
  if (parsed->value.size() > worker_.options().max_value_size) {
    return refuse(
        {errc::value_too_large, "a value has at most " + std::to_string(worker_.options().max_value_size) + " bytes"});
  }
  if (auto problem = authorize_write(parsed->key)) return refuse(*problem);
  Command command;
  command.record = Record::make(parsed->key, parsed->value);
  return submit(std::move(command), WriteForm::legacy_set);
}

Dialogue::Need Dialogue::legacy_get(std::string_view body) {
  auto parsed = parse_legacy_body(body, LegacyForm::key);
  if (!parsed) return refuse(parsed.error());
  if (auto problem = authorize_read(parsed->key)) return refuse(*problem);
  if (auto need = await_state_leniently()) return *need;
  Reply reply = begin_answer();
  const Record* record = worker_.view().held().find(parsed->key);
  worker_.traffic().done(KeyOperation::get, record ? Result::ok : Result::nothing);
  if (!record) {
    reply.begin(500)
        .field("Cache-Control", "no-store")
        .body(plain, "The given key is not present in the data store.\n");
    return answered();
  }
  std::string text;
  append_legacy_pair(text, record->key(), record->value());
  reply.begin(200).field("Cache-Control", "no-store").body(plain, text);
  return answered();
}

Dialogue::Need Dialogue::legacy_getall() {
  if (auto need = await_state_leniently()) return *need;
  const State& state = worker_.view().held();
  worker_.traffic().done(KeyOperation::list, Result::ok);
  ListRange range;
  if (auto problem = narrow(range)) return refuse(*problem);
  return stream(state.revision(), plain, "Cache-Control: no-store\r\n",
                std::make_unique<AllPairs>(ListScan(state, std::move(range))));
}

}  // namespace kvs
