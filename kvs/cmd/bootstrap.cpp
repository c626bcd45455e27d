#include "kvs/cmd/bootstrap.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/serve_notifier.hpp"
#include "kvs/json_text.hpp"
#include "kvs/log.hpp"
#include "kvs/net/client.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/snapshot_intake.hpp"

namespace kvs {
namespace {

constexpr std::chrono::seconds patience{30};   // for each piece
constexpr std::chrono::seconds word_every{5};  // to the service manager, whose own patience is asked for anew each time
constexpr std::chrono::seconds asked_for = patience + word_every + std::chrono::seconds{5};
constexpr std::chrono::minutes to_check{10};  // the whole of it, at the end

awaitable<void> fetch(Client& client, SnapshotIntake& intake, const Notifier& notifier, ClientAnswer& answer) {
  ClientRequest request{.method = "GET", .target = "/v1/snapshot", .fields = {}, .body = {}};
  notifier.starting("getting a snapshot", asked_for);
  auto next_word = ClientClock::now();
  std::uint64_t bytes = 0;
  Client::Sink sink = [&](std::string_view piece) {
    intake.take(piece);
    bytes += piece.size();
    if (ClientClock::now() < next_word) return;
    notifier.starting("getting a snapshot: " + std::to_string(bytes >> 20) + " MiB so far", asked_for);
    next_word = ClientClock::now() + word_every;
  };
  ClientAnswer received = co_await client.fetch(std::move(request), patience, std::move(sink));
  answer = std::move(received);
}

std::runtime_error no_snapshot(const std::string& from, const std::string& why, const std::string& hint) {
  return std::runtime_error("no snapshot (--bootstrap-from " + from + "): " + why + (hint.empty() ? "" : "; " + hint));
}

}  // namespace

void bootstrap(const ServeOptions& options) {
  const ServerAddress& peer = *options.bootstrap_from;
  const std::string from = peer.url();
  log::info("getting a snapshot from another instance", {{"from", from}});
  PosixFiles files(PosixFiles::Owner::of_directory);
  SnapshotIntake intake(files, options.data_dir);
  asio::io_context context{1};
  Client client(context.get_executor(), peer);
  ClientAnswer answer;
  std::exception_ptr failed;
  const Notifier notifier(options.notify_socket);
  asio::co_spawn(context, fetch(client, intake, notifier, answer),
                 [&](std::exception_ptr error) { failed = std::move(error); });
  context.run();
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const ClientError& error) {
    throw no_snapshot(from, error.what(), hint_for_tls(error.what()));
  }
  if (answer.status != 200) {
    Failure failure = failure_from(answer);
    throw no_snapshot(from, failure.what(), failure.hint());
  }
  notifier.starting("checking the snapshot", to_check);
  SnapshotHeader header = intake.finish();
  log::info("got a snapshot", {{"revision", number(header.revision)}, {"log_id", to_string(header.log_id)}});
}

}  // namespace kvs
