#include "kvs/cmd/bootstrap.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

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

}  // namespace

void bootstrap(const ServeOptions& options) {
  const std::string& from = options.bootstrap_from;
  log::info("getting a snapshot from another instance", {{"from", from}});
  PosixFiles files;
  SnapshotIntake intake(files, options.data_dir);
  asio::io_context context{1};
  Client client(context.get_executor(), *parse_server_address(from));
  ClientAnswer answer;
  std::exception_ptr failed;
  asio::co_spawn(context, fetch(client, intake, answer), [&](std::exception_ptr error) { failed = std::move(error); });
  context.run();
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const ClientError& error) {
    throw std::runtime_error("no snapshot from " + from + ": " + error.what());
  }
  if (answer.status != 200)
    throw std::runtime_error("no snapshot from " + from + ": it answered " + std::to_string(answer.status));
  SnapshotHeader header = intake.finish();
  log::info("got a snapshot", {{"revision", number(header.revision)}, {"log_id", to_string(header.log_id)}});
}

}  // namespace kvs
