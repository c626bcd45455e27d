#include "kvs/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace kvs {

namespace {

namespace asio = boost::asio;

constexpr char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";  // of TLS 1.2; those of 1.3 are all right

// The newest reason in OpenSSL's queue, which is empty afterwards.
std::string reason() {
  std::string text = "no reason given";
  while (unsigned long code = ERR_get_error()) {
    const char* words = ERR_reason_error_string(code);
    if (words) text = words;
  }
  return text;
}

[[noreturn]] void cannot(const std::string& what, const std::filesystem::path& file) {
  std::string why = reason();  // of a file that can't be opened only that the system said so
  if (::access(file.c_str(), R_OK) != 0) why = std::generic_category().message(errno);
  if (why == "PEM lib") why = "there is none in it, in PEM form";
  throw std::runtime_error("cannot " + what + " " + file.string() + ": " + why);
}

void check_private(const std::filesystem::path& key) {
  struct stat there{};
  if (::stat(key.c_str(), &there) != 0 || (there.st_mode & 07) == 0) return;  // what is missing is said by who opens it
  throw std::runtime_error("the TLS key " + key.string() + " may be read by everybody; run: chmod 600 " + key.string());
}

std::chrono::system_clock::time_point end_of(const X509* certificate) {
  std::tm time{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&time));
}

// Else OpenSSL asks for the pass phrase at the terminal, and everything else waits.
int no_pass_phrase(char*, int, int, void* asked) {
  if (asked) *static_cast<bool*>(asked) = true;
  return -1;
}

void load_key(SSL_CTX* context, const std::filesystem::path& key) {
  bool encrypted = false;
  SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &encrypted);
  bool loaded = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (encrypted) {
    ERR_clear_error();
    throw std::runtime_error("the TLS key " + key.string() + " is encrypted: give one without a pass phrase");
  }
  if (!loaded) cannot("read the TLS key", key);
}

void load_identity(SSL_CTX* context, const TlsFiles& files) {
  if (files.certificate.empty()) return;
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    cannot("read the TLS certificate", files.certificate);
  check_private(files.key);
  load_key(context, files.key);
  if (SSL_CTX_check_private_key(context) != 1)
    throw std::runtime_error("the TLS key " + files.key.string() + " does not belong to the certificate " +
                             files.certificate.string());
}

void load_authority(SSL_CTX* context, const std::filesystem::path& file) {
  if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1) cannot("read the certificates in", file);
}

}  // namespace

TlsContext::TlsContext(Side side, TlsFiles files)
    : side_(side), files_(std::move(files)), loaded_(load(side_, files_)) {}

TlsContext::Loaded TlsContext::load(Side side, const TlsFiles& files) {
  bool server = side == Side::server;
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free);
  if (!context) throw std::runtime_error("TLS can't be set up: " + reason());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_max_early_data(context.get(), 0);  // is OpenSSL's default, too; but who replays it would write twice
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_cipher_list(context.get(), ciphers) != 1) throw std::runtime_error("TLS has no ciphers: " + reason());
  load_identity(context.get(), files);
  if (!files.authority.empty()) {
    load_authority(context.get(), files.authority);
    if (server) SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(files.authority.c_str()));
  } else if (!server) {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  bool verify = !server || !files.authority.empty();
  SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                     nullptr);
  constexpr unsigned char sessions[] = "kvs";
  SSL_CTX_set_session_id_context(context.get(), sessions, sizeof sessions - 1);
  Loaded loaded{context, end_of(SSL_CTX_get0_certificate(context.get()))};
  return loaded;
}

void TlsContext::reload() {
  Loaded loaded = load(side_, files_);
  std::lock_guard lock(mutex_);
  loaded_ = std::move(loaded);
}

std::shared_ptr<SSL_CTX> TlsContext::current() const {
  std::lock_guard lock(mutex_);
  return loaded_.context;
}

std::chrono::system_clock::time_point TlsContext::expires() const {
  std::lock_guard lock(mutex_);
  return loaded_.expires;
}

void TlsConnection::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

TlsConnection::TlsConnection(const TlsContext& context, int socket)
    : context_(context.current()), ssl_(SSL_new(context_.get())) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1) throw std::bad_alloc();
  SSL_set_accept_state(ssl_.get());
}

TlsConnection::TlsConnection(const TlsContext& context, int socket, const std::string& host)
    : context_(context.current()), ssl_(SSL_new(context_.get())) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1) throw std::bad_alloc();
  boost::system::error_code error;
  asio::ip::make_address(host, error);
  if (error) {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    SSL_set1_host(ssl_.get(), host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
  }
  SSL_set_connect_state(ssl_.get());
}

// Translates what OpenSSL says of an operation that gave `result`.
void TlsConnection::note(int result, boost::system::error_code& error) {
  wants_ = Wants::nothing;
  error = {};
  if (result > 0) return;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wants_ = Wants::read;
      error = asio::error::would_block;
      return;
    case SSL_ERROR_WANT_WRITE:
      wants_ = Wants::write;
      error = asio::error::would_block;
      return;
    case SSL_ERROR_ZERO_RETURN:
      error = asio::error::eof;
      return;
    default:
      break;
  }
  unsigned long first = ERR_peek_error();
  plain_http_ = ERR_GET_LIB(first) == ERR_LIB_SSL && ERR_GET_REASON(first) == SSL_R_HTTP_REQUEST;
  long verified = SSL_get_verify_result(ssl_.get());
  problem_ = reason();
  if (verified != X509_V_OK) problem_ = X509_verify_cert_error_string(verified);
  error = asio::error::connection_aborted;
}

void TlsConnection::handshake(boost::system::error_code& error) {
  ERR_clear_error();
  note(SSL_do_handshake(ssl_.get()), error);
}

std::size_t TlsConnection::read_some(std::span<char> into, boost::system::error_code& error) {
  ERR_clear_error();
  std::size_t count = 0;
  note(SSL_read_ex(ssl_.get(), into.data(), into.size(), &count), error);
  return count;
}

void TlsConnection::peek(boost::system::error_code& error) {
  ERR_clear_error();
  char byte = 0;
  std::size_t count = 0;
  note(SSL_peek_ex(ssl_.get(), &byte, 1, &count), error);
}

std::size_t TlsConnection::write_some(std::string_view bytes, boost::system::error_code& error) {
  error = {};
  if (bytes.empty()) return 0;
  ERR_clear_error();
  std::size_t count = 0;
  note(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count), error);
  return count;
}

void TlsConnection::shutdown() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

// Not SSL_has_pending(), which also counts the beginning of a record: who waits for the rest would spin.
bool TlsConnection::pending() const { return SSL_pending(ssl_.get()) > 0; }

std::string TlsConnection::peer_name() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate) return {};
  std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* text =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_URI) continue;
    std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
    return name.find('\0') == std::string::npos ? name : std::string();
  }
  return {};
}

}  // namespace kvs
