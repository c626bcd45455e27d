#include <algorithm>
#include <optional>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/listing.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"
#include "kvs/limits.hpp"
#include "kvs/net/client_watch.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

// The empty key means all, as in the original.
std::vector<std::string> wanted_keys(const Settings& settings) {
  std::vector<std::string> keys;
  if (!settings.text("key").empty()) keys.push_back(settings.text("key"));
  keys.insert(keys.end(), settings.arguments().begin(), settings.arguments().end());
  return keys;
}

// How new what is read must be: parameters for every target, "&name=value".
class Freshness {
 public:
  explicit Freshness(const Settings& settings)
      : min_revision_(settings.text("min-revision")),
        linearizable_(settings.on("linearizable")),
        wait_(std::min<std::chrono::milliseconds>(settings.duration("timeout"), most_read_wait)) {}

  bool wanted() const { return !min_revision_.empty() || linearizable_; }
  void add_to(std::string& target) const {
    if (!min_revision_.empty()) add_parameter(target, "min_revision", min_revision_);
    if (linearizable_) add_parameter(target, "linearizable", "1");
    if (wanted()) add_parameter(target, "timeout", format_duration(wait_));
  }

 private:
  std::string min_revision_;
  bool linearizable_;
  std::chrono::milliseconds wait_;
};

constexpr std::chrono::seconds for_the_refusal{1};  // of a server that has waited in vain

// The server's answer, or nothing if there is no such key.
std::optional<ClientAnswer> fetch(Remote& remote, const Freshness& freshness, const std::string& key, bool record) {
  std::string target = key_target(key);
  if (record) add_parameter(target, "record", "1");
  freshness.add_to(target);
  ClientAnswer answer = remote.ask({.method = "GET", .target = target, .fields = {}, .body = {}});
  if (answer.status == 404 && json_string(answer.body, "code") == "no_such_key") return std::nullopt;
  if (answer.status != 200) throw failure_from(answer);
  return answer;
}

int missing(const std::string& key, bool quiet) {
  report(Failure(exit_code::no_such_key, "no such key: " + key), quiet);
  return exit_code::no_such_key;
}

void print_value(Output& output, const std::string& value) {
  if (output.form() != Form::human) return output.write(value);
  output.write(escaped(value, Escape::text) + "\n");
  if (is_utf8(value) || output.quiet()) return;
  output.flush();
  report(Failure(exit_code::ok, "that was binary, " + std::to_string(value.size()) + " bytes",
                 "-o raw prints them as they are"),
         false);
}

int get_one(Remote& remote, const Freshness& freshness, Output& output, const std::string& key) {
  Form form = output.form();
  bool value_only = form == Form::human || form == Form::machine || form == Form::raw;
  std::optional<ClientAnswer> answer = fetch(remote, freshness, key, !value_only);
  if (!answer) return missing(key, output.quiet());
  if (value_only) {
    print_value(output, answer->body);
  } else if (form == Form::table) {
    Listing listing(output);
    listing.add(parse_item(answer->body));
    listing.finish();
  } else {
    output.write_json(answer->body);
  }
  output.flush();
  return exit_code::ok;
}

int get_several(Remote& remote, const Freshness& freshness, Output& output, const std::vector<std::string>& keys) {
  int code = exit_code::ok;
  Listing listing(output);
  for (const std::string& key : keys) {
    std::optional<ClientAnswer> answer = fetch(remote, freshness, key, true);
    if (answer) {
      listing.add(parse_item(answer->body));
    } else {
      code = missing(key, output.quiet());
    }
  }
  listing.finish();
  return code;
}

// The listing is the initial state of a watch, up to its `synced`: all at one revision, whatever the bytes.
awaitable<void> read_state(Remote& remote, std::string target, Listing& listing) {
  ClientWatch watch(remote.context().get_executor(), remote.address(), remote.trace());
  std::string protocol = "kvs.v1";
  ClientAnswer answer = co_await watch.open(target, protocol, remote.deadline());
  if (answer.status != 101) throw failure_from(answer);
  while (true) {
    std::optional<std::string> message = co_await watch.next();
    if (!message) throw ClientError(ClientError::Kind::lost, watch.end().reason, true);
    for (const Item& event : parse_items(*message, Shape::record)) {
      if (event.op == "synced") co_return;
      if (event.op == "set") listing.add(event);
    }
  }
}

int get_matching(Remote& remote, const Freshness& freshness, Output& output, const std::vector<std::string>& prefixes) {
  std::string target = "/v1/watch";
  for (const std::string& prefix : prefixes) add_parameter(target, "prefix", prefix);
  add_parameter(target, "initial", "1");
  freshness.add_to(target);
  Listing listing(output);
  try {
    remote.run(read_state(remote, target, listing));
  } catch (const ClientError& error) {
    throw failure_from(error, remote.address(), false);
  }
  listing.finish();
  return exit_code::ok;
}

}  // namespace

int get(const Settings& settings) {
  std::vector<std::string> keys = wanted_keys(settings);
  std::vector<std::string> prefixes = settings.list("prefix");
  for (const std::string& prefix : prefixes)
    if (prefix.empty()) throw UsageError("--prefix: an empty prefix is every key", "use --all");
  Remote remote(settings);
  Output output(settings);
  Freshness freshness(settings);
  if (freshness.wanted()) remote.wait_longer(for_the_refusal);
  if (settings.on("all")) return get_matching(remote, freshness, output, {});
  if (!keys.empty() && !prefixes.empty()) throw UsageError("give keys or --prefix, not both");
  if (keys.empty()) return get_matching(remote, freshness, output, prefixes);
  return keys.size() == 1 ? get_one(remote, freshness, output, keys.front())
                          : get_several(remote, freshness, output, keys);
}

}  // namespace kvs
