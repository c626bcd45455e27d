// /set, /get and /getall of the original project.
#include "kvs/net/dialogue.hpp"
#include "kvs/net/legacy_json.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/server_options.hpp"

namespace kvs {

namespace {

constexpr std::string_view plain = "text/plain; charset=utf-8";

// {"City":"Ahmedabad",…}
class AllPairs final : public BodySource {
 public:
  explicit AllPairs(State state) : state_(std::move(state)), cursor_(state_.begin()) {}

  std::string_view next() override {
    piece_.clear();
    if (ended_) return {};
    if (!std::exchange(begun_, true)) piece_ = "{";
    for (; cursor_.get() && piece_.size() < flush_above; cursor_.next()) {
      if (!std::exchange(first_, false)) piece_ += ',';
      append_legacy_member(piece_, cursor_.get()->key(), cursor_.get()->value());
    }
    ended_ = !cursor_.get();
    if (ended_) piece_ += "}\n";
    return piece_;
  }

 private:
  State state_;
  State::Cursor cursor_;
  std::string piece_;
  bool begun_ = false;
  bool first_ = true;
  bool ended_ = false;
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
  Command command;
  command.record = Record::make(parsed->key, parsed->value);
  return submit(std::move(command), WriteForm::legacy_set);
}

Dialogue::Need Dialogue::legacy_get(std::string_view body) {
  auto parsed = parse_legacy_body(body, LegacyForm::key);
  if (!parsed) return refuse(parsed.error());
  if (auto need = await_state_leniently()) return *need;
  Reply reply(worker_, out_, manners_);
  const Record* record = worker_.view().held().find(parsed->key);
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

// A small store is answered at once, a large one streamed.
Dialogue::Need Dialogue::legacy_getall() {
  if (auto need = await_state_leniently()) return *need;
  const State& state = worker_.view().held();
  if (state.bytes() > flush_above) {
    return stream(state.revision(), "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n",
                  std::make_unique<AllPairs>(state));
  }
  std::string text = "{";
  for (auto cursor = state.begin(); const Record* record = cursor.get(); cursor.next()) {
    if (text.size() > 1) text += ',';
    append_legacy_member(text, record->key(), record->value());
  }
  text += "}\n";
  Reply(worker_, out_, manners_).begin(200).field("Cache-Control", "no-store").body(plain, text);
  return answered();
}

}  // namespace kvs
