// An I/O thread's Worker over a store of the test's own: nothing moves unless the test says so.
#pragma once
#include "kvs/net/worker.hpp"
#include "test/unit/store/store_fixture.hpp"

namespace kvs::test {

// The writer's io_context is `io`, the I/O thread's is worker.context(). Commands lie in `bus` until order() is called;
// revisions are 1, 2, 3…
struct NetFixture : StoreFixture {
  ServerOptions options;
  ServerCounters counters;
  Worker worker;

  explicit NetFixture(ServerOptions with = {}, StoreOptions store_options = {})
      : StoreFixture(std::move(store_options)), options(std::move(with)), worker(store, options, counters, 1) {}
  ~NetFixture() {
    worker.abort_all();  // what runs on the worker must end before it
    settle(worker.context());
    stop();
  }

  NetFixture& load() {
    StoreFixture::load();
    settle(worker.context());
    return *this;
  }
  // What was written, and then these commands, in one batch: judged, applied, and the worker knows.
  void order(std::vector<Command> commands = {}, std::vector<Ending> endings = {}) {
    settle(worker.context());
    StoreFixture::order(std::move(commands), std::move(endings));
    settle(worker.context());
  }
  void apply(Command&& command) { order(commands(std::move(command))); }
  void stop() {
    StoreFixture::stop();
    settle(worker.context());
  }
};

}  // namespace kvs::test
