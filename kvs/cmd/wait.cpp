// kvs wait: a watch that begins with what is there and ends when it is as wanted.
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/follow.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"

namespace kvs {
namespace {

std::string wanted_key(const Settings& settings) {
  std::vector<std::string> keys = settings.arguments();
  if (settings.given("key")) keys.push_back(settings.text("key"));
  if (keys.size() != 1) throw UsageError("wait for which key? it takes one", "kvs wait KEY");
  if (keys.front().empty()) throw UsageError("a key has at least one byte");
  return keys.front();
}

class WaitFeed : public Feed {
 public:
  WaitFeed(const Settings& settings, Output& output)
      : output_(output), key_(wanted_key(settings)), gone_(settings.on("gone")) {
    if (settings.given("value")) value_ = settings.text("value");
    if (gone_ && value_) throw UsageError("give --value or --gone, not both");
  }

  std::string target() const override {
    std::string target = "/v1/watch";
    add_parameter(target, "key", key_);
    add_parameter(target, "initial", "1");
    return target;
  }
  std::string protocol() const override { return "kvs.v1"; }
  std::string place() const override { return ""; }
  void opened(const ClientAnswer&) override { there_ = told_ = false; }

  // The time is up: what was waited for, and how it is instead.
  Failure not_in_time(const std::string& patience) const {
    std::string wish = gone_ ? "gone" : value_ ? "'" + *value_ + "'" : "there";
    std::string now = !told_   ? "the server did not tell in time how it is"
                      : there_ ? (gone_ ? "it is still there" : "it has another value") + at()
                               : "there is no such key";
    return {exit_code::timed_out, key_ + " was not " + wish + " within " + patience + ": " + now};
  }

  bool take(std::string_view message) override {
    for (const Item& event : parse_items(message)) {
      if (event.op == "reset") there_ = false;
      if (event.change()) there_ = event.op == "set";
      if (event.change()) revision_ = event.revision;
      if (event.op == "synced") told_ = true;
      if (holds(event)) return tell(event);
    }
    return true;
  }

 private:
  std::string at() const { return ", at revision " + std::to_string(revision_); }

  // That a key is not there is known when all there is was told.
  bool holds(const Item& event) const {
    if (gone_) return !there_ && (event.op == "synced" || (event.change() && !event.initial));
    return event.op == "set" && (!value_ || event.value == value_);
  }

  bool tell(const Item& event) {
    bool as_json = output_.json();
    if (as_json)
      output_.write_json(event.json);
    else if (!output_.quiet())
      output_.write(std::to_string(event.revision) + "\n");
    output_.flush();
    return false;
  }

  Output& output_;
  std::string key_;
  std::optional<std::string> value_;
  bool gone_;
  bool there_ = false;
  bool told_ = false;  // there_ and revision_ are known
  std::uint64_t revision_ = 0;
};

}  // namespace

int wait(const Settings& settings) {
  Output output(settings);
  WaitFeed feed(settings, output);
  int code = follow(settings, feed);
  if (code == exit_code::timed_out) throw feed.not_in_time(settings.text("timeout"));
  return code;
}

}  // namespace kvs
