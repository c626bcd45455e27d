#include "kvs/cmd/write_flags.hpp"

#include <algorithm>

#include "kvs/cmd/item.hpp"
#include "kvs/limits.hpp"

namespace kvs {

void add_revision(const Settings& settings, ClientRequest& request) {
  if (!settings.given("if-revision")) return;
  if (settings.number("if-revision") == 0) throw settings.wrong("if-revision", "the revision of a key is at least 1");
  request.fields.emplace_back("If-Match", '"' + settings.text("if-revision") + '"');
}

void add_idempotency_key(const Settings& settings, ClientRequest& request) {
  if (!settings.given("idempotency-key")) return;
  std::string name = settings.text("idempotency-key");
  bool usable = !name.empty() && name.size() <= max_request_key_size &&
                std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
  if (!usable)
    throw settings.wrong("idempotency-key",
                         "1 to " + std::to_string(max_request_key_size) + " visible ASCII characters");
  request.fields.emplace_back("Idempotency-Key", std::move(name));
}

Failure condition_failed(const std::string& what, const std::string& key, const ClientAnswer& answer) {
  auto current = json_number(answer.body, "current_revision");
  if (!current) return failure_from(answer);
  std::string why = *current == 0 ? "there is no key " + key : key + " is at revision " + std::to_string(*current);
  return {exit_code::condition_failed, what + ": " + why};
}

}  // namespace kvs
