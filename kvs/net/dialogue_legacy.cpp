// /set, /get and /getall of the original project.
#include "kvs/net/dialogue.hpp"
#include "kvs/net/legacy_json.hpp"
#include "kvs/net/record_json.hpp"

namespace kvs {

namespace {

constexpr std::string_view plain = "text/plain; charset=utf-8";

}  // namespace

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
  const State& state = worker_.view().held();
  if (state.bytes() > flush_above) return Need::everything;
  std::string text = "{";
  for (auto cursor = state.begin(); const Record* record = cursor.get(); cursor.next()) {
    if (text.size() > 1) text += ',';
    append_legacy_member(text, record->key(), record->value());
  }
  text += "}\n";
  Reply(worker_, out_, manners_).begin(200).field("Cache-Control", "no-store").body(plain, text);
  return answered();
}

bool Dialogue::stream_done() {
  closing_ = closing_ || manners_.close;
  return !closing_;
}

}  // namespace kvs
