#include "kvs/net/server.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <stdexcept>

#include "kvs/log.hpp"
#include "kvs/net/session.hpp"

namespace kvs {

namespace {

using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

constexpr int backlog = 4096;
constexpr std::chrono::milliseconds accept_pause{100};  // when descriptors or memory run out

// When a quarter of them has left, at least so many, what they needed goes back to the system.
constexpr std::uint64_t least_exodus = 32;
constexpr std::chrono::seconds crowd_look{1};

// For those who are turned away before they are listened to.
std::string refusal(std::string_view words) {
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\nConnection: "
         "close\r\nContent-Length: " +
         std::to_string(words.size()) + "\r\n\r\n" + std::string(words);
}

Tcp::endpoint tcp_endpoint(const asio::generic::stream_protocol::endpoint& generic) {
  Tcp::endpoint endpoint;
  if (generic.size() > endpoint.capacity()) return endpoint;
  std::memcpy(endpoint.data(), generic.data(), generic.size());
  endpoint.resize(generic.size());
  return endpoint;
}

Origin origin_of(const Socket& socket, Arrival arrival) {
  Origin origin;
  if (arrival == Arrival::local_socket) {
    origin.kind = Origin::Kind::local;
    return origin;
  }
  boost::system::error_code error;
  auto remote = socket.remote_endpoint(error);
  if (error) return origin;
  Tcp::endpoint endpoint = tcp_endpoint(remote);
  origin.port = endpoint.port();
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())  // on a listener for both
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  if (address.is_v4()) {
    origin.kind = Origin::Kind::ipv4;
    auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), origin.address.begin());
  } else {
    origin.kind = Origin::Kind::ipv6;
    auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), origin.address.begin());
  }
  return origin;
}

// A socket that a killed server left behind. One that somebody listens on, or anything else, makes bind() fail.
void remove_leftover(const std::filesystem::path& path) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0 || !S_ISSOCK(there.st_mode)) return;
  asio::io_context context;
  Local::socket probe(context);
  boost::system::error_code error;
  probe.connect(Local::endpoint(path.string()), error);
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
}

// What a connection has of the server's bounds, as long as it lives.
struct Place {
  Counted in_all;
  AddressLimit::Place of_address;
};

// The connection's whole life.
awaitable<void> serve_connection(Worker& worker, Socket socket, Arrival arrival, Origin peer,
                                 [[maybe_unused]] Place place) {
  std::unique_ptr<TlsConnection> tls;
  const auto& context = worker.counters().tls;
  if (context && arrival != Arrival::local_socket)
    tls = std::make_unique<TlsConnection>(*context, socket.native_handle());
  Session session(worker, Channel(std::move(socket), std::move(tls)), arrival, peer);
  co_await session.run();
}

void log_escaped(std::exception_ptr error) {
  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& escaped) {
    log::error("a connection ended with an error", {{"error", escaped.what()}});
  }
}

}  // namespace

Server::~Server() { stop_accepting(); }

Server::Listener& Server::open(const asio::generic::stream_protocol::endpoint& endpoint, int descriptor,
                               Arrival arrival) {
  Acceptor acceptor(workers_.front()->executor());
  if (descriptor >= 0) {
    int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);  // the one given stays as it is, for a second start
    if (own < 0) throw boost::system::system_error(errno, boost::system::system_category());
    acceptor.assign(endpoint.protocol(), own);
  } else {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(backlog);
  }
  listeners_.push_back(std::make_unique<Listener>(Listener{std::move(acceptor), arrival, {}}));
  return *listeners_.back();
}

std::string Server::listen(const ListenAddress& address) {
  std::string name =
      address.path.empty() ? address.address + ':' + std::to_string(address.port) : "unix:" + address.path.string();
  try {
    if (!address.path.empty()) {
      bool ours = address.descriptor < 0;  // whoever opened it also removes it
      if (ours) remove_leftover(address.path);
      Listener& listener = open(Local::endpoint(address.path.string()), address.descriptor, Arrival::local_socket);
      if (ours) listener.path = address.path;
      return name;
    }
    auto ip = asio::ip::make_address(address.address);
    Arrival arrival = ip.is_loopback() ? Arrival::loopback : Arrival::network;
    Listener& listener = open(Tcp::endpoint(ip, address.port), address.descriptor, arrival);
    auto port = tcp_endpoint(listener.acceptor.local_endpoint()).port();
    return (counters_.tls ? "https://" : "http://") + (ip.is_v6() ? '[' + address.address + ']' : address.address) +
           ':' + std::to_string(port);
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen on " + name + ": " + error.code().message());
  }
}

void Server::start() {
  for (auto& listener : listeners_) asio::co_spawn(workers_.front()->executor(), accept(*listener), log_escaped);
  asio::co_spawn(workers_.front()->executor(), follow_crowd(), log_escaped);
}

// malloc keeps what was freed between the blocks that stay: after many connections at once that is most of what they
// took.
awaitable<void> Server::follow_crowd() {
  while (!stopping_) {
    crowd_timer_.expires_after(crowd_look);
    boost::system::error_code ignored;
    co_await crowd_timer_.async_wait(asio::redirect_error(use_awaitable, ignored));
    std::uint64_t here = counters_.connections.load();
    if (crowd_ < here + std::max(least_exodus, crowd_ / 4)) continue;
    ::malloc_trim(0);
    crowd_ = here;
  }
}

void Server::stop_accepting() {
  if (std::exchange(stopping_, true)) return;
  crowd_timer_.cancel();
  for (auto& listener : listeners_) {
    boost::system::error_code ignored;
    listener->acceptor.close(ignored);
    if (!listener->path.empty()) ::unlink(listener->path.c_str());
  }
}

awaitable<void> Server::accept(Listener& listener) {
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> pause(workers_.front()->executor());
  while (!stopping_) {
    Worker& worker = *workers_[next_++ % workers_.size()];
    boost::system::error_code error;
    Socket socket =
        co_await listener.acceptor.async_accept(worker.context(), asio::redirect_error(use_awaitable, error));
    if (stopping_) break;
    std::string failure;
    if (!error) {
      try {
        welcome(worker, socket, listener.arrival);
      } catch (const std::exception& lost) {  // no memory: this one is closed, the next may find some
        failure = lost.what();
      }
    } else if (error != asio::error::connection_aborted) {
      failure = error.message();
    }
    if (failure.empty()) continue;
    log::warn("cannot accept a connection", {{"error", failure}});
    pause.expires_after(accept_pause);
    co_await pause.async_wait(asio::redirect_error(use_awaitable, error));
  }
}

// Counted here, so that a burst can't slip past a limit.
void Server::welcome(Worker& worker, Socket& socket, Arrival arrival) {
  boost::system::error_code error;
  socket.non_blocking(true, error);
  Origin peer = origin_of(socket, arrival);
  if (counters_.connections.load() >= options_.max_connections) return turn_away(socket, peer, false);
  auto of_address = counters_.addresses.take(peer, options_.max_connections_per_address);
  if (!of_address) return turn_away(socket, peer, true);
  Place place{Counted(counters_.connections), std::move(*of_address)};
  crowd_ = std::max(crowd_, counters_.connections.load());
  if (arrival != Arrival::local_socket) socket.set_option(Tcp::no_delay(true), error);
  asio::co_spawn(worker.executor(), serve_connection(worker, std::move(socket), arrival, peer, std::move(place)),
                 log_escaped);
}

void Server::turn_away(Socket& socket, const Origin& peer, bool by_address) {
  ++(by_address ? counters_.refused_by_address : counters_.refused_in_all);
  std::string words = by_address ? "too many connections from your address; close some, or try again in a few seconds\n"
                                 : "too many connections; try again in a few seconds\n";
  boost::system::error_code error;
  socket.write_some(asio::buffer(refusal(words)), error);
  socket.shutdown(Socket::shutdown_send, error);
  ++not_said_;
  if (!to_say_.due()) return;
  log::warn(by_address ? "too many connections from one address: refused (--max-connections-per-address)"
                       : "too many connections: refused (--max-connections)",
            {{"client", to_string(peer)}, {"refused", std::exchange(not_said_, 0)}});
}

}  // namespace kvs
