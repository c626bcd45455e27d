// One I/O thread: its io_context, its view of the store and what all its connections share.
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/net/access.hpp"
#include "kvs/net/access_log.hpp"
#include "kvs/net/address_limit.hpp"
#include "kvs/net/held_states.hpp"
#include "kvs/net/request_keys.hpp"
#include "kvs/net/server_options.hpp"
#include "kvs/net/slow_clients.hpp"
#include "kvs/net/socket.hpp"
#include "kvs/net/tls.hpp"
#include "kvs/net/traffic.hpp"
#include "kvs/store/store.hpp"
#include "kvs/store/view.hpp"
#include "kvs/turn.hpp"
#include "kvs/wakeup.hpp"

namespace kvs {

using ConnectionHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
// A connection as the thread's list sees it.
class Connection : public ConnectionHook {
 public:
  // No new work: an idle connection closes at once, a busy one after what it is doing.
  virtual void drain() = 0;
  // Ends now, whatever it is doing.
  virtual void abort() = 0;
  // Likewise, for holding memory and taking nothing.
  virtual void cut() { abort(); }
  // Who may do what has changed: ends what is not allowed any more.
  virtual void revoke() = 0;

 protected:
  ~Connection() = default;
};

// What all threads share: what the server counts, as /v1/status shows it, and the request keys in use.
struct ServerCounters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> refused_in_all{0};      // connections, for there were too many
  std::atomic<std::uint64_t> refused_by_address{0};  // for their address had too many
  std::atomic<std::uint64_t> watchers{0};
  std::atomic<std::uint64_t> snapshots{0};   // being sent
  std::atomic<std::uint64_t> searches{0};    // through the history for one key
  std::atomic<std::uint64_t> past_reads{0};  // states of the past being made
  // Requests that wait for the order or for a state. Every write counts itself in and out: not beside what others read.
  alignas(64) std::atomic<std::uint64_t> in_flight{0};
  alignas(64) RequestKeys request_keys;
  AddressLimit addresses;
  Access access;
  std::shared_ptr<TlsContext> tls;  // of the TCP listeners; null: they speak in the clear
  const Clock::time_point started = Clock::now();
  std::vector<const Traffic*> traffic;  // of all threads; complete before they run
};

// Only its own thread touches it after start, except through post to context().
class Worker {
 public:
  Worker(Store& store, const ServerOptions& options, ServerCounters& counters, std::uint32_t thread);

  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }
  View& view() { return view_; }
  Store& store() { return view_.store(); }
  const ServerOptions& options() const { return options_; }
  // From now on these foreign origins are let in, and no others.
  void let_in(std::vector<std::string> cors_origins) { options_.cors_origins = std::move(cors_origins); }
  ServerCounters& counters() { return counters_; }
  // Whether so many requests wait that one more that would have to is refused.
  bool crowded() const { return counters_.in_flight.load(std::memory_order_relaxed) >= options_.max_in_flight; }
  Traffic& traffic() { return traffic_; }
  AccessLog& access_log() { return access_log_; }
  SlowClients& slow_clients() { return slow_clients_; }
  HeldStates& held_states() { return held_states_; }
  // For connections that let the others go first.
  Turn& turn() { return turn_; }

  // "HTTP/1.1 200 OK\r\nDate: …\r\nX-Content-Type-Options: nosniff\r\nKvs-Log-Id: …\r\n", made once a second.
  std::string_view ok_head();
  // Date and the other fields that are on every answer, each with its CRLF.
  std::string_view common_fields();
  // 15 characters, unique among all requests of this and (as good as) all other processes; short enough to need no
  // allocation.
  std::string next_request_id();

  // A buffer for whoever reads and keeps nothing across a suspension.
  static constexpr std::size_t scratch_size = 64 * 1024;
  char* scratch() { return scratch_.get(); }
  // Memory for the next answers of whoever has none of his own: most are sent as soon as they are made, so that one
  // string serves all connections and stays in the processor's cache. Taken and given back by swap().
  std::string& spare_output() { return spare_output_; }

  void add(Connection& connection) { connections_.push_back(connection); }
  // From now on /readyz says that this server is going; everything else goes on.
  void announce_leave() { leaving_ = true; }
  bool leaving() const { return leaving_; }
  // Ends idle connections, lets the others finish. Further ones are closed after their first answer.
  void drain();
  void abort_all();
  void revoke_all();
  bool draining() const { return draining_; }

 private:
  void refresh_fields();

  asio::io_context context_{1};  // one thread runs it: no locking among its own handlers
  ServerOptions options_;        // its own: some change while it runs
  ServerCounters& counters_;
  Traffic traffic_;
  View view_;
  AccessLog access_log_;
  SlowClients slow_clients_;
  HeldStates held_states_;
  std::unique_ptr<char[]> scratch_;
  std::string spare_output_;
  std::string ok_head_;
  std::size_t common_at_ = 0;
  std::time_t second_ = 0;
  bool log_id_known_ = false;
  std::string id_prefix_;
  std::uint64_t next_id_ = 0;
  bool leaving_ = false;
  bool draining_ = false;
  boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>> connections_;
  Turn turn_{executor()};  // nobody waits in it any more when the worker goes: abort_all(), then all that is ready
};

}  // namespace kvs
