#include "kvs/net/client_stream.hpp"

#include <optional>

namespace kvs {

awaitable<void> ClientStream::connect(ServerAddress address, const Deadline& deadline) {
  std::optional<TlsContext> context;
  if (address.tls) {
    try {
      context.emplace(TlsContext::Side::client, address.credentials ? address.credentials->files : TlsFiles{});
    } catch (const std::runtime_error& wrong_file) {
      throw ClientError(ClientError::Kind::own_files, wrong_file.what(), false);
    }
  }
  co_await kvs::connect(channel_.socket(), address, deadline);
  boost::system::error_code error;
  channel_.socket().non_blocking(true, error);
  channel_.use(nullptr);
  if (!context) co_return;
  channel_.use(std::make_unique<TlsConnection>(*context, channel_.socket().native_handle(), address.host));
  co_await channel_.handshake(error);
  if (deadline.passed()) throw ClientError(ClientError::Kind::timed_out, "no TLS handshake in time", false);
  if (!error) co_return;
  const std::string& why = channel_.tls()->problem();
  throw ClientError(ClientError::Kind::unreachable, "TLS: " + (why.empty() ? plain_message(error) : why), false);
}

std::string ClientStream::refusal() const {
  if (!channel_.tls()) return {};
  const std::string& why = channel_.tls()->problem();
  auto says = [&why](const char* words) { return why.find(words) != std::string::npos; };
  return says("alert") && (says("certificate") || says("unknown ca")) ? why : std::string();
}

}  // namespace kvs
