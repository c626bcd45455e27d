#include "kvs/cmd/bootstrap.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "kvs/cmd/remote.hpp"
#include "kvs/json_text.hpp"
#include "kvs/log.hpp"
#include "kvs/net/client.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/snapshot_intake.hpp"

namespace kvs {
namespace {

constexpr std::chrono::seconds patience{30};  // for each piece

awaitable<void> fetch(Client& client, SnapshotIntake& intake, ClientAnswer& answer) {
  ClientRequest request{.method = "GET", .target = "/v1/snapshot", .fields = {}, .body = {}};
  Client::Sink sink = [&](std::string_view piece) { intake.take(piece); };
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
  PosixFiles files;
  SnapshotIntake intake(files, options.data_dir);
  asio::io_context context{1};
  Client client(context.get_executor(), peer);
  ClientAnswer answer;
  std::exception_ptr failed;
  asio::co_spawn(context, fetch(client, intake, answer), [&](std::exception_ptr error) { failed = std::move(error); });
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
  SnapshotHeader header = intake.finish();
  log::info("got a snapshot", {{"revision", number(header.revision)}, {"log_id", to_string(header.log_id)}});
}

}  // namespace kvs
