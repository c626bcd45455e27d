// kvs exec: a program with keys as its environment, once or as long as they change.
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <csignal>
#include <map>
#include <optional>

#include "kvs/cmd/child.hpp"
#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/exec_environment.hpp"
#include "kvs/cmd/follow.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/wakeup.hpp"

namespace kvs {
namespace {

using Keys = std::map<std::string, std::string>;

Naming naming_of(const Settings& settings) {
  return {settings.list("prefix"), settings.on("strip-prefix"), settings.on("upcase")};
}

int signal_number(const std::string& name) {
  if (name == "INT") return SIGINT;
  if (name == "TERM") return SIGTERM;
  if (name == "QUIT") return SIGQUIT;
  if (name == "USR1") return SIGUSR1;
  return name == "USR2" ? SIGUSR2 : SIGHUP;
}

Variables environment_of(const Settings& settings, const Keys& keys) {
  std::vector<std::string> notes;
  Variables environment = environment_with(own_environment(), keys, naming_of(settings), notes);
  if (keys.empty() && !settings.on("quiet")) {
    const std::vector<std::string>& prefixes = settings.list("prefix");
    notes.push_back("no key begins with '" + prefixes.front() + "'" +
                    (prefixes.size() > 1 ? " or another of the prefixes" : "") +
                    ": the program is given no variables of keys");
  }
  for (const std::string& note : notes) report(Failure(exit_code::ok, note));
  return environment;
}

// The keys as they are now: first the initial state, then change by change, each revision whole.
class KeysFeed : public Feed {
 public:
  explicit KeysFeed(const Settings& settings) : prefixes_(settings.list("prefix")) {}

  std::string target() const override {
    std::string target = "/v1/watch";
    for (const std::string& prefix : prefixes_) add_parameter(target, "prefix", prefix);
    add_parameter(target, "initial", "1");
    return target;
  }
  const Keys& keys() const { return *settled_; }
  std::string protocol() const override { return "kvs.v1"; }
  std::string place() const override { return ""; }
  void opened(const ClientAnswer&) override { begin_anew(); }

  bool take(std::string_view message) override {
    bool whole = false;
    for (const Item& event : parse_items(message)) {
      if (event.op == "reset") begin_anew();
      if (event.op == "diff") synced_ = false;  // until the next `synced` it is neither the old state nor the new one
      if (event.op == "synced") synced_ = true;
      if (event.op == "set") keys_[event.key] = event.value.value_or("");
      if (event.op == "delete" || event.op == "expire") keys_.erase(event.key);
      whole = synced_ && !event.more;
    }
    if (whole) settled_ = keys_;
    return !settled_ || settled();
  }

 protected:
  // Whether more is wanted.
  virtual bool settled() = 0;
  // Whether all keys of one revision are known; then, keys() are those.
  bool complete() const { return settled_.has_value(); }

 private:
  void begin_anew() {
    keys_.clear();
    synced_ = false;
  }

  std::vector<std::string> prefixes_;
  Keys keys_;
  std::optional<Keys> settled_;
  bool synced_ = false;
};

class OnceFeed : public KeysFeed {
 public:
  using KeysFeed::KeysFeed;

 private:
  bool settled() override { return false; }
};

// Keeps a program running, and tells it of changes in the way that was asked for.
class ProgramFeed : public KeysFeed {
 public:
  explicit ProgramFeed(const Settings& settings)
      : KeysFeed(settings), settings_(settings), restart_(settings.on("restart-on-change")) {}

  awaitable<void> work(Executor executor) override {
    wakeup_.emplace(executor);
    while (!complete() && !stopping_) co_await wakeup_->wait();
    while (!stopping_) co_await run_once(executor);
  }

  void stop(int code) override {
    stopping_ = true;
    if (wakeup_) wakeup_->notify();
    if (code != 0) end_program();
  }

  std::optional<int> code() const { return code_; }

 private:
  bool settled() override {
    if (stopping_) return false;
    if (!child_ && wakeup_) wakeup_->notify();
    if (child_ && keys() != given_) changed();
    return true;
  }

  void changed() {
    if (restart_) {
      if (restarting_) return;  // it is ending already, by its own time-out; what starts then gets the newest keys
      restarting_ = true;
      end_program();
    } else {
      given_ = keys();
      child_->signal(signal_number(settings_.text("signal")));
    }
  }

  void end_program() {
    if (!child_) return;
    child_->signal(SIGTERM);
    child_->kill_after(settings_.duration("kill-timeout"));
  }

  awaitable<void> run_once(Executor executor) {
    given_ = keys();
    restarting_ = false;
    Variables environment = environment_of(settings_, given_);
    Child child(executor, settings_.program(), environment, std::nullopt);
    child_ = &child;
    int code = co_await child.wait();
    child_ = nullptr;
    if (restarting_ || stopping_) co_return;
    code_ = code;
    throw ProgramEnded();
  }

 public:
  // It ended by itself: so does the command.
  struct ProgramEnded {};

 private:
  const Settings& settings_;
  bool restart_;
  std::optional<Wakeup> wakeup_;
  Keys given_;
  Child* child_ = nullptr;
  bool restarting_ = false, stopping_ = false;
  std::optional<int> code_;
};

void check(const Settings& settings) {
  if (!settings.arguments().empty())
    throw UsageError("kvs exec takes no key: '" + settings.arguments().front() + "'",
                     "the program stands after --: kvs exec --prefix P -- CMD");
  if (settings.program().empty()) throw UsageError("which program?", "kvs exec --prefix P -- CMD");
  if (settings.list("prefix").empty()) throw UsageError("which keys?", "kvs exec --prefix P -- CMD");
  for (const std::string& prefix : settings.list("prefix"))
    if (prefix.empty()) throw UsageError("--prefix: an empty prefix is every key");
  if (settings.on("restart-on-change") && settings.given("signal"))
    throw UsageError("give --restart-on-change or --signal, not both");
}

}  // namespace

int exec(const Settings& settings) {
  check(settings);
  if (settings.on("restart-on-change") || settings.given("signal")) {
    ProgramFeed feed(settings);
    try {
      return follow(settings, feed);
    } catch (const ProgramFeed::ProgramEnded&) {
      return *feed.code();
    }
  }
  if (settings.given("kill-timeout")) throw settings.wrong("kill-timeout", "goes with --restart-on-change or --signal");
  OnceFeed feed(settings);
  std::string timeout = settings.text("timeout");
  int code = follow(settings.with("timeout", timeout), feed);
  if (code == exit_code::timed_out)
    throw Failure(exit_code::unreachable, "the keys did not come within " + timeout + ": nothing was run",
                  "--timeout says how long to wait for the server");
  if (code != exit_code::ok) return code;
  become(settings.program(), environment_of(settings, feed.keys()));
}

}  // namespace kvs
