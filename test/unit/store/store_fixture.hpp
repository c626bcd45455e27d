// A store on one thread, the test's own: nothing moves unless the test says so.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "changes.hpp"
#include "given_bus.hpp"
#include "hooked_files.hpp"
#include "kvs/store/store.hpp"
#include "kvs/store/watch.hpp"
#include "temporary_directory.hpp"
#include "test/unit/drive.hpp"

namespace kvs::test {

inline Command put(std::string_view key, std::string_view value, std::vector<Condition> conditions = {}) {
  Command made;
  made.record = Record::make(key, value);
  made.conditions = std::move(conditions);
  return made;
}
inline Command drop(std::string_view key) {
  Command made = put(key, {});
  made.kind = Command::Kind::remove;
  return made;
}
inline Condition must_be_absent() { return {Condition::Kind::absent, {}, {}}; }

template <class... Commands>
std::vector<Command> commands(Commands... each) {
  std::vector<Command> all;
  (all.push_back(std::move(each)), ...);
  return all;
}

// "0:applied@7 ", one for each verdict that was told.
class Told final : public Settler {
 public:
  std::string text;
  std::vector<Verdict> verdicts;

  void settle(std::uint32_t index, Verdict&& verdict) override {
    constexpr const char* names[] = {"applied", "nothing", "refused", "failed", "no_room", "unknown"};
    text += std::to_string(index) + ':' + names[static_cast<std::size_t>(verdict.outcome)];
    if (verdict.revision != no_revision) text += '@' + std::to_string(number(verdict.revision));
    text += ' ';
    verdicts.push_back(std::move(verdict));
  }
};

inline StoreOptions kept_in(const TemporaryDirectory& directory) {
  StoreOptions options;
  options.directory = directory.path();
  options.journal.background = false;
  return options;
}

// With load() it is as a server has it; without, a view to be told of commits by hand.
struct StoreFixture {
  asio::io_context io;
  HookedFiles files;
  GivenBus bus;
  Store store;
  View view;
  Told told;
  std::uint64_t place = 0;
  bool running = false;

  explicit StoreFixture(StoreOptions options = {}, std::size_t history_bytes = 1 << 20)
      : store(std::move(options), files, bus), view(store, io.get_executor(), 0, history_bytes) {
    store.attach(view);
  }
  ~StoreFixture() { stop(); }

  StoreFixture& load() {
    store.load(io.get_executor());
    running = true;
    asio::co_spawn(io.get_executor(), store.run(), [this](std::exception_ptr error) {
      running = false;
      if (error) std::rethrow_exception(error);
    });
    settle(io);
    place = number(bus.started.revision);
    return *this;
  }
  void stop() {
    store.stop();
    settle(io);
  }

  // A view's write, to be ordered; told.text will have its verdict as INDEX:….
  Ticket submit(Command&& command, std::uint32_t index = 0) {
    Ticket ticket;
    BOOST_TEST((view.submit(std::move(command), told, index, ticket) == PublishResult::accepted));
    return ticket;
  }

  // Those that were submitted, as a batch that the log has not confirmed yet.
  void order_unconfirmed() {
    Batch batch;
    for (auto& [command, ticket] : bus.published) {
      batch.commands.push_back(at_next_place(std::move(command), ticket));
      batch.commands.back().confirmed = false;
    }
    bus.published.clear();
    give(std::move(batch));
  }
  void end(Ticket ticket, Ending::How how) {
    Batch batch;
    batch.endings.push_back({ticket, how, {}});
    give(std::move(batch));
  }
  // The bus is away, or back.
  void bus_up(bool up) {
    bus.is_up = up;
    give({});
  }

  // The commands, and before them those that were submitted, as one batch at the next places.
  void order(std::vector<Command> commands = {}, std::vector<Ending> endings = {}) {
    Batch batch;
    for (auto& [command, ticket] : bus.published) batch.commands.push_back(at_next_place(std::move(command), ticket));
    bus.published.clear();
    for (auto& command : commands) batch.commands.push_back(at_next_place(std::move(command), {}));
    batch.endings = std::move(endings);
    give(std::move(batch));
  }
  void apply(Command&& command) { order(commands(std::move(command))); }

  // By hand, without the store: a commit of changes after `before`.
  void receive(std::uint64_t before, Changes changes) {
    view.receive(std::make_shared<Commit>(Revision{before}, std::move(changes)), {});
  }

  std::string state() { return text(view.state()); }

 private:
  void give(Batch batch) {
    batch.bookmark = "at " + std::to_string(place);
    bus.give(std::move(batch));
    settle(io);
  }
  Ordered at_next_place(Command&& command, Ticket ticket) {
    ++place;
    return {Revision{place}, LogTime{std::chrono::milliseconds(1000 * place)}, std::move(command), ticket};
  }
};

// The store of a fixture ends before what was attached to it beside its own view.
struct StopFirst {
  StoreFixture& f;
  ~StopFirst() { f.stop(); }
};

constexpr std::size_t all_bytes = 1 << 20;
inline Clock::time_point far_off() { return Clock::now() + std::chrono::hours(1); }

inline const char* name(Step::Kind kind) {
  constexpr const char* names[] = {"changes", "timeout", "interrupted", "compacted", "unreadable", "draining"};
  return names[static_cast<std::size_t>(kind)];
}

// What a step means for its watch: "a=1@1 b-@2 ", or "timeout", ….
inline std::string text(const Step& step, const Filter& filter = {}) {
  if (step.kind != Step::Kind::changes) return name(step.kind);
  Changes wanted;
  for (const CommitRef& commit : step.commits) {
    for (const Change& change : commit->changes()) {
      if (change.revision() > step.after && filter.matches(change.record->key())) wanted.push_back(change);
    }
  }
  return text(wanted);
}

}  // namespace kvs::test
